-- Is every order large enough, does it move towards a target, and does the cash pay for all purchases?
-- A run without trades is clear. Blocks when cash or the smallest size is unknown.
-- Says nothing about how large an order may be; weight, turnover and cash buffer do.
with run as (
    select *, {{ policy_limit('risk.order_gbp_min') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

orders as (
    select
        positions.run_id,
        min(positions.order_value_gbp) as smallest_gbp,
        string_agg(positions.internal_symbol, ', ' order by positions.internal_symbol) filter (
            where positions.order_value_gbp < run.limit_value
                or not positions.order_units > 0
                or target.internal_symbol is null
        ) as odd_symbols
    from {{ ref('int_risk__positions_after') }} as positions
    inner join run on run.run_id = positions.run_id
    left join {{ ref('stg_desk__portfolio_targets') }} as target
        on target.run_id = positions.run_id
        and target.internal_symbol = positions.internal_symbol
    where positions.line_number is not null
    group by positions.run_id
),

compared as (
    select
        run.run_id,
        orders.smallest_gbp,
        orders.odd_symbols,
        run.limit_value,
        book.spendable_gbp as cash_gbp,
        book.buy_gbp,
        coalesce(
            run.limit_value is not null
            and orders.odd_symbols is null
            and book.equity_gbp is not null
            and book.buy_gbp <= greatest(book.spendable_gbp, 0),
            false
        ) as is_clear
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join orders on orders.run_id = run.run_id
)

select
    {{ verdict('risk', 'sizes_possible', observed='smallest_gbp') }},
    case
        when limit_value is null then 'the policy names no smallest order'
        when odd_symbols is not null then format('too small, or without a target: %s', odd_symbols)
        when buy_gbp > greatest(cash_gbp, 0) then
            format('purchases of %s GBP exceed the cash of %s GBP', round(buy_gbp, 2), round(cash_gbp, 2))
        when not is_clear then 'what can be paid for is unknown: the book has no value'
        when smallest_gbp is null then 'nothing is traded'
        else format(
            'the smallest order is %s GBP, %s needed',
            round(smallest_gbp, 2), {{ plain('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when odd_symbols is not null then
            format('Leave %s alone, or raise sizing.order_gbp_min, and plan again.', odd_symbols)
        when buy_gbp > greatest(cash_gbp, 0) then
            format('Deposit %s GBP, or wait for sales to settle.', round(buy_gbp - greatest(cash_gbp, 0), 2))
        else {{ price_holdings() }}
    end as fix
from compared
