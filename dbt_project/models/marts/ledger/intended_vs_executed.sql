-- Every line of the portfolio's TRADE tickets: what was wanted, what was done, and what it cost.
-- Says nothing about whether a fill can be true; fill_findings does.
with fills as (
    select fill.*
    from {{ ref('stg_desk__fills') }} as fill
    left join {{ ref('stg_desk__fills') }} as reversal on reversal.reverses_fill_id = fill.fill_id
    where fill.reverses_fill_id is null
        and reversal.fill_id is null
),

executed as (
    select
        confirmations.run_id,
        confirmations.ticket_id,
        confirmations.line_number,
        sum(fills.units) as units,
        sum(fills.value_gbp) as value_gbp,
        sum(fills.units * fills.price_usd) / sum(fills.units) as average_price_usd
    from {{ ref('stg_desk__confirmations') }} as confirmations
    inner join fills on fills.confirmation_id = confirmations.confirmation_id
    group by confirmations.run_id, confirmations.ticket_id, confirmations.line_number
)

select
    line.run_id,
    line.ticket_id,
    line.line_number,
    intended.internal_symbol,
    intended.side,
    coalesce(confirmations.status, 'UNCONFIRMED') as status,
    intended.value_gbp as intended_value_gbp,
    coalesce(executed.value_gbp, 0) as executed_value_gbp,
    coalesce(executed.units, 0) as executed_units,
    trim_scale(round(executed.average_price_usd, 12)) as average_price_usd,
    intended.reference_price_usd,
    -- Positive is worse than planned, on either side.
    trim_scale(round(
        case intended.side when 'BUY' then 1 else -1 end
        * (executed.average_price_usd / intended.reference_price_usd - 1),
        12
    )) as slippage_ratio
from {{ ref('stg_desk__ticket_lines') }} as line
inner join {{ ref('stg_desk__tickets') }} as ticket on ticket.ticket_id = line.ticket_id
inner join {{ ref('stg_desk__trades_intended') }} as intended
    on intended.planning_run_id = ticket.planning_run_id
    and intended.line_number = line.line_number
left join {{ ref('stg_desk__confirmations') }} as confirmations
    on confirmations.ticket_id = line.ticket_id
    and confirmations.line_number = line.line_number
left join executed
    on executed.ticket_id = line.ticket_id
    and executed.line_number = line.line_number
