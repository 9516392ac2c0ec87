-- Is every position's share of equity after the intended trades within its limit, or nearer than before?
-- Blocks when equity or the value of any holding is unknown. What one week's turnover cannot bring below
-- the limit may be lowered week by week: a plan is clear when what is above the limit, summed over all
-- positions, becomes less and nothing above it is bought. A holding that grew above it by itself and is
-- left alone is not.
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

-- Unknown as soon as one holding is.
above as (
    select
        run.run_id,
        bool_and(positions.value_after_gbp is not null) as is_known,
        sum(greatest(positions.held_value_gbp - run.limit_value * book.equity_gbp, 0)) as before_gbp,
        sum(greatest(positions.value_after_gbp - run.limit_value * book.equity_gbp, 0)) as after_gbp,
        bool_or(positions.side = 'BUY' and positions.value_after_gbp > run.limit_value * book.equity_gbp)
            as is_bought
    from run
    inner join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    inner join {{ ref('int_risk__positions_after') }} as positions on positions.run_id = run.run_id
    group by run.run_id
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
        above.is_known and above.after_gbp > 0 and above.after_gbp < above.before_gbp
        and not coalesce(above.is_bought, false) as is_lowered,
        book.equity_gbp is not null
        and case
            when weighed.run_id is null then run.limit_value is not null
            else weighed.value_after_gbp <= run.limit_value * book.equity_gbp
        end as is_within
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join weighed on weighed.run_id = run.run_id
    left join above on above.run_id = run.run_id
),

judged as (
    select *, is_within or coalesce(is_lowered, false) as is_clear
    from compared
)

select
    {{ verdict('risk', 'position_weight', observed='weight_ratio') }},
    case
        when limit_value is null then 'the policy names no weight'
        when weight_ratio is null then 'the heaviest position is unknown: the book has no value'
        when internal_symbol is null then 'there is no position'
        else format(
            '%s is the heaviest position with %s of equity, %s allowed%s',
            internal_symbol, {{ percent('weight_ratio') }}, {{ percent('limit_value') }},
            case when is_clear and not is_within then '; what is above it is only lowered' else '' end
        )
    end as reason,
    case
        when is_clear then ''
        when weight_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else format(
            'Raise sizing.turnover_ratio_max until the plan sells some of %s, and plan again.',
            internal_symbol
        )
    end as fix
from judged
