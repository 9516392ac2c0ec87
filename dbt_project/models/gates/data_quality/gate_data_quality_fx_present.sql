-- Is there an exchange rate, and is it young enough on the run's as_of_date?
-- Blocks when there is none: no position can be valued and no order sized without it.
-- Says nothing about the rate's size; a wrong one shows in the drift of cash.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        fx.rate_date,
        fx.gbpusd_rate,
        run.as_of_date - fx.rate_date as age_days,
        policy.limit_value,
        coalesce(
            fx.gbpusd_rate > 0 and run.as_of_date - fx.rate_date between 0 and policy.limit_value,
            false
        ) as is_clear
    from run
    left join {{ ref('fx_latest') }} as fx on fx.run_id = run.run_id
    left join {{ ref('stg_desk__policy_limits') }} as policy
        on policy.run_id = run.run_id
        and policy.limit_name = 'data_quality.fx_age_days_max'
)

select
    run_id,
    'data_quality' as gate,
    'fx_present' as check_name,
    age_days::numeric as observed_value,
    limit_value,
    is_clear,
    case
        when gbpusd_rate is null then format('no GBP/USD rate on or before %s', as_of_date)
        when limit_value is null then 'the policy names no age for a rate'
        else format(
            'the GBP/USD rate %s is of %s, %s days old, %s allowed',
            {{ plain('gbpusd_rate') }}, rate_date, age_days, {{ plain('limit_value') }}
        )
    end as reason,
    case when is_clear then '' else format('Load a GBP/USD rate of %s.', as_of_date) end as fix
from compared
