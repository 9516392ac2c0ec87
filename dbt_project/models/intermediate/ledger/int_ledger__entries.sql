-- Every change of the book as one row: what it did to units, to cash, and whether it was money from
-- outside. An entry belongs to the first session that closes at or after it. What the run knows but no
-- session has seen yet (a deposit on Saturday) is put to as_of_date, at whose closes the book is valued,
-- and marked: it is there, and had no part in that session.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

fills as (
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
),

entries as (
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
)

select
    entries.run_id,
    entries.portfolio_id,
    entries.kind,
    entries.internal_symbol,
    entries.happened_at,
    entries.recorded_at,
    coalesce(spans.session_date, run.as_of_date) as session_date,
    spans.session_date is null as is_after_close,
    case
        when spans.session_date is null then 0
        when entries.happened_at <= spans.open_at then 1
        else trim_scale(round(
            extract(epoch from spans.close_at - entries.happened_at)
            / extract(epoch from spans.close_at - spans.open_at),
            12
        ))
    end as session_left_ratio,
    entries.units_delta,
    entries.cash_delta_gbp,
    entries.external_flow_gbp
from entries
inner join run on run.run_id = entries.run_id
left join {{ ref('int_ledger__session_spans') }} as spans
    on spans.run_id = entries.run_id
    and spans.close_at >= entries.happened_at
    and spans.previous_close_at < entries.happened_at
