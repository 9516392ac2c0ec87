-- Every change of the book as one row: what it did to units, to cash, and whether it was money from outside.
with fills as (
    select
        run_id,
        portfolio_id,
        case when reverses_fill_id is null then 'fill' else 'reversal' end as kind,
        internal_symbol,
        executed_at as happened_at,
        recorded_at,
        case side when 'BUY' then 1 else -1 end
        * case when reverses_fill_id is null then 1 else -1 end as sign,
        case when reverses_fill_id is null then 1 else -1 end as fee_sign,
        units,
        value_gbp,
        fee_gbp
    from {{ ref('stg_desk__fills') }}
)

select
    run_id,
    portfolio_id,
    kind,
    internal_symbol,
    happened_at,
    recorded_at,
    sign * units as units_delta,
    -sign * value_gbp - fee_sign * fee_gbp as cash_delta_gbp,
    0::numeric as external_flow_gbp
from fills

union all

select
    run_id,
    portfolio_id,
    'split',
    internal_symbol,
    ex_date::timestamp at time zone 'America/New_York',
    recorded_at,
    units_delta,
    0,
    0
from {{ ref('stg_desk__split_postings') }}

union all

-- What shares were worth when they came with the book is told by a close: int_ledger__entries adds it.
select run_id, portfolio_id, 'opening', internal_symbol, opened_at, recorded_at, units_delta, 0, 0
from {{ ref('stg_desk__openings') }}

union all

select
    run_id,
    portfolio_id,
    kind,
    null,
    occurred_at,
    recorded_at,
    0,
    amount_gbp,
    case when kind in ('deposit', 'withdrawal') and is_taken_back is not true then amount_gbp else 0 end
from {{ ref('stg_desk__cash_movements') }}
