-- Is every large move of an adjusted close in the newest sessions explained by a split or dividend?
-- An explained move is none after adjusting, so whatever is left is a bad print, a missing action, or news a
-- person should know. Blocks when there is no session to look at or the policy names no size.
-- Looks at enabled symbols and the benchmark, between neighbouring bars of one vendor.
with run as (
    select
        *,
        {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_sessions_count,
        {{ policy_limit('data_quality.jump_ratio_max') }} as jump_ratio_max
    from {{ ref('stg_desk__runs') }}
),

searched as (
    select sessions.run_id, count(*) as sessions_count
    from {{ ref('int_market__sessions') }} as sessions
    inner join run on run.run_id = sessions.run_id
    where sessions.session_number <= run.lookback_sessions_count
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

weighed as (
    select
        run.run_id,
        run.jump_ratio_max,
        searched.sessions_count,
        found.largest_ratio,
        found.moves,
        found.symbols,
        coalesce(searched.sessions_count > 0 and run.jump_ratio_max is not null, false) as is_searched
    from run
    left join searched on searched.run_id = run.run_id
    left join found on found.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'jumps_explained',
        observed='largest_ratio', limit='jump_ratio_max', is_clear='is_searched and moves is null'
    ) }},
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
        when not is_searched then {{ read_log('build_prices') }}
        when moves is null then ''
        else format(
            'Load the missing action or the corrected bar of %s, or disable it.', {{ first_five('symbols') }}
        )
    end as fix
from weighed
