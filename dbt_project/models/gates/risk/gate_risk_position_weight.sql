-- Is every position's share of equity after the intended trades within its limit?
-- Blocks when equity or the value of any holding is unknown.
-- Also judges a holding that grew above the limit by itself and is not traded.
with run as (
    select *, {{ policy_limit('risk.weight_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

weighed as (
    select distinct on (positions.run_id)
        positions.run_id,
        positions.internal_symbol,
        positions.value_after_gbp
    from {{ ref('int_risk__positions_after') }} as positions
    -- An unknown value comes first: then the heaviest is unknown.
    order by positions.run_id, positions.value_after_gbp desc nulls first, positions.internal_symbol
),

compared as (
    select
        run.run_id,
        weighed.internal_symbol,
        book.equity_gbp,
        case
            when book.equity_gbp is null then null
            when weighed.run_id is null then 0
            when book.equity_gbp > 0 then trim_scale(round(weighed.value_after_gbp / book.equity_gbp, 6))
        end as weight_ratio,
        run.limit_value,
        book.equity_gbp is not null
        and case
            when weighed.run_id is null then run.limit_value is not null
            else weighed.value_after_gbp <= run.limit_value * book.equity_gbp
        end as is_clear
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join weighed on weighed.run_id = run.run_id
)

select
    {{ verdict('risk', 'position_weight', observed='weight_ratio') }},
    case
        when limit_value is null then 'the policy names no weight'
        when weight_ratio is null then 'the heaviest position is unknown: the book has no value'
        when internal_symbol is null then 'there is no position'
        else format(
            '%s is the heaviest position with %s of equity, %s allowed',
            internal_symbol, {{ percent('weight_ratio') }}, {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when weight_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else format(
            'Hold at most %s GBP of %s.',
            round(limit_value * equity_gbp, 2), internal_symbol
        )
    end as fix
from compared
