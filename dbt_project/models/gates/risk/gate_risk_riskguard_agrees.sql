-- Did the riskguard, which finds the same in Python, find every check clear?
-- Blocks when it left no check behind: a sizing that crashed must not look like one that agreed.
-- A daily run sizes nothing, so there it is never clear; nothing is traded on a daily run either.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

found as (
    select
        run_id,
        count(*) as checks_count,
        count(*) filter (where not is_clear) as blocked_count,
        string_agg(format('%s: %s', check_name, reason), '; ' order by check_name)
            filter (where not is_clear) as reasons,
        string_agg(fix, ' ' order by check_name) filter (where not is_clear and fix <> '') as fixes
    from {{ ref('stg_desk__risk_checks') }}
    group by run_id
)

select
    run.run_id,
    'risk' as gate,
    'riskguard_agrees' as check_name,
    found.blocked_count::numeric as observed_value,
    0::numeric as limit_value,
    coalesce(found.blocked_count = 0, false) as is_clear,
    case
        when found.run_id is null then 'the riskguard found nothing for this run'
        when found.blocked_count = 0 then
            format('all %s checks of the riskguard are clear', found.checks_count)
        else found.reasons
    end as reason,
    case
        when found.run_id is null then 'Size the orders of this run.'
        when found.blocked_count = 0 then ''
        else coalesce(found.fixes, 'Read the reasons of the riskguard.')
    end as fix
from run
left join found on found.run_id = run.run_id
