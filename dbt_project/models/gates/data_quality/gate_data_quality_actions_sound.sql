-- Can every split and dividend of the sessions the signals read be believed?
-- Blocks when one is quarantined there, when there is no session to look at, or when the policy names
-- no window.
-- Looks at enabled symbols and the benchmark. An older one is told and blocks nothing: no signal reads that
-- far. One the prices could be put right for is none.
with run as (
    select *, {{ policy_limit('data_quality.window_sessions_count') }} as window_sessions_count
    from {{ ref('stg_desk__runs') }}
),

searched as (
    select sessions.run_id, min(sessions.session_date) as first_date
    from {{ ref('int_market__sessions') }} as sessions
    inner join run
        on run.run_id = sessions.run_id
        and sessions.session_number <= run.window_sessions_count
    group by sessions.run_id
),

found as (
    select
        finding.run_id,
        count(*) filter (where finding.ex_date >= searched.first_date) as quarantined_count,
        count(*) filter (where finding.ex_date < searched.first_date) as older_count,
        array_agg(
            format(
                '%s of %s on %s (%s)',
                finding.kind, finding.internal_symbol, finding.ex_date, finding.reason
            )
            order by finding.ex_date desc, finding.internal_symbol, finding.kind
        ) filter (where finding.ex_date >= searched.first_date) as findings,
        array_agg(distinct finding.internal_symbol order by finding.internal_symbol)
            filter (where finding.ex_date >= searched.first_date) as symbols
    from {{ ref('int_market__action_findings') }} as finding
    inner join searched on searched.run_id = finding.run_id
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.run_id = finding.run_id
        and universe.internal_symbol = finding.internal_symbol
        and (universe.is_enabled or universe.is_benchmark)
    where finding.treatment = 'quarantined'
    group by finding.run_id
),

weighed as (
    select
        run.run_id,
        searched.first_date,
        case
            when searched.first_date is not null then coalesce(found.quarantined_count, 0)
        end as quarantined_count,
        coalesce(found.older_count, 0) as older_count,
        found.findings,
        found.symbols
    from run
    left join searched on searched.run_id = run.run_id
    left join found on found.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'actions_sound',
        observed='quarantined_count', limit='0', is_clear='quarantined_count = 0'
    ) }},
    case
        when quarantined_count is null then 'no session was searched for splits and dividends'
        when quarantined_count > 0 then
            format('not to be believed: %s', {{ first_five('findings', '; ') }})
        when older_count > 0 then format(
            'every split and dividend since %s is believable; %s older ones are left out',
            first_date, older_count
        )
        else format('every split and dividend since %s is believable', first_date)
    end as reason,
    case
        when quarantined_count is null then {{ read_log('build_prices') }}
        when quarantined_count = 0 then ''
        else format('Load the right action of %s, or disable it.', {{ first_five('symbols') }})
    end as fix
from weighed
