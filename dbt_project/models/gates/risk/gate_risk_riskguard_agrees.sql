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
    {{ verdict(
        'risk', 'riskguard_agrees',
        observed='blocked_count', limit='0', is_clear='blocked_count = 0'
    ) }},
    case
        when blocked_count is null then 'the riskguard found nothing for this run'
        when blocked_count = 0 then format('all %s checks of the riskguard are clear', checks_count)
        else reasons
    end as reason,
    case
        when blocked_count is null then {{ read_log('size_orders') }}
        when blocked_count = 0 then ''
        else coalesce(fixes, 'Read the reasons of the riskguard.')
    end as fix
from run
left join found using (run_id)
