-- Is every large move of an adjusted close in the newest sessions explained by a split or dividend?
-- An explained move is none after adjusting, so whatever is left is a bad print, a missing action,
-- or news a person should know. Blocks when there is no session to look at or the policy names no
-- size.
-- Looks at enabled symbols and the benchmark, between neighbouring bars of one vendor.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

policy as (
    select
        run_id,
        max(limit_value)
            filter (where limit_name = 'data_quality.lookback_sessions_count') as lookback_sessions_count,
        max(limit_value) filter (where limit_name = 'data_quality.jump_ratio_max') as jump_ratio_max
    from {{ ref('stg_desk__policy_limits') }}
    group by run_id
),

searched as (
    select sessions.run_id, count(*) as sessions_count
    from {{ ref('int_market__sessions') }} as sessions
    inner join policy on policy.run_id = sessions.run_id
    where sessions.session_number <= policy.lookback_sessions_count
    group by sessions.run_id
),

found as (
    select
        run_id,
        max(abs(observed_value)) as largest_ratio,
        array_agg(
            format('%s on %s (%s)', internal_symbol, session_date, {{ percent('observed_value') }})
            order by session_date desc, internal_symbol
        ) as moves,
        array_agg(distinct internal_symbol order by internal_symbol) as symbols
    from {{ ref('int_market__price_findings') }}
    where kind = 'jump'
    group by run_id
),

judged as (
    select
        run.run_id,
        policy.jump_ratio_max,
        searched.sessions_count,
        found.largest_ratio,
        found.moves,
        found.symbols,
        coalesce(
            searched.sessions_count > 0 and policy.jump_ratio_max is not null,
            false
        ) as is_searched
    from run
    left join policy on policy.run_id = run.run_id
    left join searched on searched.run_id = run.run_id
    left join found on found.run_id = run.run_id
)

select
    run_id,
    'data_quality' as gate,
    'jumps_explained' as check_name,
    largest_ratio as observed_value,
    jump_ratio_max as limit_value,
    is_searched and moves is null as is_clear,
    case
        when not is_searched then 'no session was searched for jumps'
        when moves is null then
            format(
                'no move beyond %s in the newest %s sessions',
                {{ percent('jump_ratio_max') }}, sessions_count
            )
        else format(
            'moves beyond %s that no split or dividend explains: %s',
            {{ percent('jump_ratio_max') }}, {{ first_five('moves') }}
        )
    end as reason,
    case
        when not is_searched then 'Build the prices of this run with an active policy.'
        when moves is null then ''
        else format('Load the missing action or the corrected bar of %s, or disable it.', {{ first_five('symbols') }})
    end as fix
from judged
