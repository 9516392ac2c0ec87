-- Units per symbol from the entries the run knows. A negative one is kept: a check must see it.
select
    run_id,
    portfolio_id,
    internal_symbol,
    sum(units_delta) as units
from {{ ref('int_ledger__entries') }}
where internal_symbol is not null
group by run_id, portfolio_id, internal_symbol
having sum(units_delta) <> 0
