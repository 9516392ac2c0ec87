-- Is there an exchange rate, and is it young enough on the run's as_of_date?
-- Blocks when there is none: no position can be valued and no order sized without it.
-- Says nothing about the rate's size; gate_data_quality_fx_plausible does.
with run as (
    select *, {{ policy_limit('data_quality.fx_age_days_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        fx.rate_date,
        fx.gbpusd_rate,
        run.as_of_date - fx.rate_date as age_days,
        run.limit_value,
        fx.gbpusd_rate > 0 and run.as_of_date - fx.rate_date between 0 and run.limit_value as is_clear
    from run
    left join {{ ref('fx_latest') }} as fx on fx.run_id = run.run_id
)

select
    {{ verdict('data_quality', 'fx_present', observed='age_days') }},
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
