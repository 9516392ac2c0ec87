-- Does no trade sell more than is held, in units or in value?
-- Blocks when the book of this run is unknown, and when the ledger already holds less than nothing.
-- Says nothing about a sale the broker refuses; the confirmation does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

short as (
    select
        run_id,
        count(*) as symbols_count,
        string_agg(internal_symbol, ', ' order by internal_symbol) as symbols
    from {{ ref('int_risk__positions_after') }}
    where held_units < 0
        or units_after < 0
        or (side = 'SELL' and not coalesce(order_value_gbp <= held_value_gbp, false))
    group by run_id
),

compared as (
    select
        run.run_id,
        case when book.equity_gbp is not null then coalesce(short.symbols_count, 0) end as short_count,
        short.symbols
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join short on short.run_id = run.run_id
)

select
    {{ verdict('risk', 'long_only', observed='short_count', limit='0', is_clear='short_count = 0') }},
    case
        when short_count is null then 'what is held is unknown: the book has no value'
        when short_count = 0 then 'nothing is sold beyond what is held'
        else format('sold beyond what is held: %s', symbols)
    end as reason,
    case
        when short_count is null then {{ price_holdings() }}
        when short_count = 0 then ''
        else format('Reconcile %s and plan again.', symbols)
    end as fix
from compared
