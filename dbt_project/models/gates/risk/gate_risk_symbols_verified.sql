-- Did a person find everything a book of real money trades on eToro, not longer ago than the policy says?
-- Sales as well: what cannot be found cannot be sold. Clear for a paper or simulated book. Blocks when the
-- kind of the book or the policy's age is unknown. Says nothing about what is only ranked or held.
with run as (
    select *, {{ policy_limit('universe.verified_age_days_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

traded as (
    select
        run.run_id,
        positions.internal_symbol,
        (run.frozen_at at time zone 'Europe/London')::date - stock.verified_date as age_days,
        stock.is_offered
    from run
    inner join {{ ref('int_risk__positions_after') }} as positions on positions.run_id = run.run_id
    left join {{ ref('stg_desk__symbols_verified') }} as stock
        on stock.run_id = run.run_id and stock.internal_symbol = positions.internal_symbol
    where positions.line_number is not null
),

unverified as (
    select
        run.run_id,
        count(*) as symbols_count,
        {{ first_five('array_agg(traded.internal_symbol order by traded.internal_symbol)') }} as symbols
    from run
    inner join traded on traded.run_id = run.run_id
    where not coalesce(traded.is_offered and traded.age_days <= run.limit_value, false)
    group by run.run_id
),

compared as (
    select
        run.run_id,
        run.is_live,
        run.limit_value,
        coalesce(unverified.symbols_count, 0) as symbols_count,
        unverified.symbols,
        coalesce(
            not run.is_live or (run.is_live and run.limit_value is not null and unverified.run_id is null),
            false
        ) as is_clear
    from run
    left join unverified on unverified.run_id = run.run_id
)

select
    {{ verdict('risk', 'symbols_verified', observed='symbols_count') }},
    case
        when is_live is null then 'whether this is a book of real money is unknown'
        when not is_live then 'not a book of real money: nothing has to be found on eToro'
        when limit_value is null then 'the policy names no age'
        when symbols is null then 'everything traded was found on eToro'
        else format(
            'nobody found these on eToro in the last %s days: %s', {{ plain('limit_value') }}, symbols
        )
    end as reason,
    case
        when is_clear then ''
        when is_live is null then {{ read_log('freeze_inputs') }}
        when limit_value is null then 'Name universe.verified_age_days_max in the policy, and plan again.'
        else format(
            'Look %s up on eToro, tick what you found on the page under Symbols, and plan again.', symbols
        )
    end as fix
from compared
