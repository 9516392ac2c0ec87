-- What every holding was worth at the close of every session of the book.
with moved as (
    select run_id, internal_symbol, session_date, sum(units_delta) as units_delta
    from {{ ref('int_ledger__entries') }}
    where internal_symbol is not null
    group by run_id, internal_symbol, session_date
),

held as (
    select
        closes.*,
        sum(coalesce(moved.units_delta, 0)) over (
            partition by closes.run_id, closes.portfolio_id, closes.internal_symbol
            order by closes.session_date rows unbounded preceding
        ) as units
    from {{ ref('int_ledger__closes') }} as closes
    left join moved
        on moved.internal_symbol = closes.internal_symbol
        and moved.session_date = closes.session_date
)

select
    run_id,
    portfolio_id,
    internal_symbol,
    session_date,
    units,
    close_usd,
    round(units * close_usd / gbpusd_rate, 2) as value_gbp
from held
where units <> 0
