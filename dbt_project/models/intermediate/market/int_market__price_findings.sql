-- What makes a bar of the newest sessions unfit to be read: it is broken, it jumps, or a split or dividend of
-- its day is quarantined.
-- Searched are the enabled symbols and the benchmark, over the policy's lookback. An older broken bar is left
-- out of the prices without blocking anything.
with policy as (
    select
        {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_sessions_count,
        {{ policy_limit('data_quality.jump_ratio_max') }} as jump_ratio_max
),

searched_symbols as (
    select * from {{ ref('stg_desk__universe') }} where is_enabled or is_benchmark
),

searched_sessions as (
    select sessions.*
    from {{ ref('int_market__sessions') }} as sessions
    cross join policy
    where sessions.session_number <= policy.lookback_sessions_count
),

broken as (
    select
        bars.run_id,
        bars.internal_symbol,
        bars.session_date,
        'broken' as kind,
        null::numeric as observed_value
    from {{ ref('int_market__bars') }} as bars
    inner join searched_sessions using (run_id, session_date)
    inner join searched_symbols using (run_id, internal_symbol)
    where bars.is_broken
),

moves as (
    select
        factors.run_id,
        factors.internal_symbol,
        factors.session_date,
        factors.adj_close_usd / lag(factors.adj_close_usd) over (
            partition by factors.internal_symbol order by factors.bar_number
        ) - 1 as move_ratio
    from {{ ref('int_market__price_factors') }} as factors
    cross join policy
    inner join {{ ref('stg_market__ranges') }} as ranges
        on ranges.run_id = factors.run_id
        and ranges.internal_symbol = factors.internal_symbol
        -- The window is the same whether a build reads more than it or not.
        and factors.session_date >= ranges.window_start_date
    -- A symbol has at most one bar per searched session, and the one before them is needed.
    where factors.bars_from_newest <= policy.lookback_sessions_count + 1
),

jumps as (
    select
        moves.run_id,
        moves.internal_symbol,
        moves.session_date,
        'jump' as kind,
        trim_scale(round(moves.move_ratio, 6)) as observed_value
    from moves
    inner join searched_sessions using (run_id, session_date)
    inner join searched_symbols using (run_id, internal_symbol)
    cross join policy
    where abs(moves.move_ratio) > policy.jump_ratio_max
),

quarantined as (
    select
        finding.run_id,
        finding.internal_symbol,
        finding.session_date,
        'action' as kind,
        finding.value as observed_value
    from {{ ref('int_market__action_findings') }} as finding
    inner join searched_sessions using (run_id, session_date)
    inner join searched_symbols using (run_id, internal_symbol)
    where finding.treatment = 'quarantined'
)

select * from broken
union all
select * from jumps
union all
select * from quarantined
