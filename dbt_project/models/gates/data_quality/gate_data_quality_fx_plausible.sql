-- Can the GBP/USD rates of the newest sessions be true? Everything held and ordered is multiplied by them.
-- A rate outside the policy's range, far from the median of the ten before it, or far from another source's
-- of the same day, blocks; so does none at all.
-- Says nothing about its age; gate_data_quality_fx_present does.
with run as (
    select
        *,
        {{ policy_limit('data_quality.gbpusd_rate_min') }} as rate_min,
        {{ policy_limit('data_quality.gbpusd_rate_max') }} as rate_max,
        {{ policy_limit('data_quality.fx_jump_ratio_max') }} as jump_max,
        {{ policy_limit('data_quality.fx_disagreement_ratio_max') }} as disagreement_max,
        {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_count
    from {{ ref('stg_desk__runs') }}
),

numbered as (
    select
        *,
        row_number() over (partition by source order by rate_date) as rate_number,
        row_number() over (partition by source order by rate_date desc) as newest_number
    from {{ ref('stg_market__fx_rates') }}
),

rates as (
    select numbered.*
    from numbered
    inner join run on run.run_id = numbered.run_id and numbered.newest_number <= run.lookback_count
),

compared as (
    select
        rates.run_id,
        rates.source,
        rates.rate_date,
        rates.gbpusd_rate,
        usual.gbpusd_rate as usual_rate,
        other.source as other_source,
        other.gbpusd_rate as other_rate
    from rates
    left join lateral (
        select
            (array_agg(earlier.gbpusd_rate order by earlier.gbpusd_rate))[(count(*) + 1) / 2] as gbpusd_rate
        from numbered as earlier
        where earlier.source = rates.source
            and earlier.rate_number between rates.rate_number - 10 and rates.rate_number - 1
    ) as usual on true
    left join rates as other on other.rate_date = rates.rate_date and other.source > rates.source
),

doubted as (
    select
        compared.*,
        case
            when gbpusd_rate not between run.rate_min and run.rate_max then
                format(
                    '%s is outside %s to %s',
                    {{ plain('gbpusd_rate') }}, {{ plain('rate_min') }}, {{ plain('rate_max') }}
                )
            when abs(gbpusd_rate / usual_rate - 1) > run.jump_max then
                format('%s is far from the usual %s', {{ plain('gbpusd_rate') }}, {{ plain('usual_rate') }})
            when abs(gbpusd_rate / other_rate - 1) > run.disagreement_max then
                format('%s is %s at %s', {{ plain('gbpusd_rate') }}, {{ plain('other_rate') }}, other_source)
        end as doubt
    from compared
    inner join run on run.run_id = compared.run_id
),

weighed as (
    select
        run.run_id,
        run.rate_min is not null and run.rate_max is not null and run.jump_max is not null
        and run.disagreement_max is not null as is_limited,
        count(doubted.rate_date) as rates_count,
        count(doubted.doubt) as doubted_count,
        (array_agg(
            format('%s of %s: %s', doubted.source, doubted.rate_date, doubted.doubt)
            order by doubted.rate_date desc, doubted.source
        ) filter (where doubted.doubt is not null))[1] as newest_doubt
    from run
    left join doubted on doubted.run_id = run.run_id
    group by run.run_id, run.rate_min, run.rate_max, run.jump_max, run.disagreement_max
)

select
    {{ verdict(
        'data_quality', 'fx_plausible',
        observed='case when rates_count > 0 then doubted_count end', limit='0',
        is_clear='is_limited and rates_count > 0 and doubted_count = 0'
    ) }},
    case
        when not is_limited then 'the policy does not say which GBP/USD rate can be true'
        when rates_count = 0 then 'there is no GBP/USD rate'
        when doubted_count = 0 then format('%s GBP/USD rates can be true', rates_count)
        else format(
            '%s of the newest GBP/USD rates cannot be true: %s', doubted_count, newest_doubt
        )
    end as reason,
    case
        when is_limited and rates_count > 0 and doubted_count = 0 then ''
        when doubted_count > 0 then 'Load the right GBP/USD rate of that day, then plan again.'
        else 'Load a GBP/USD rate.'
    end as fix
from weighed
