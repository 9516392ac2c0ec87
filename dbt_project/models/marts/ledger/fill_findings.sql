-- Every fill that counts beside the market of its day: its price, its instant, what its shares were worth.
-- A finding is null while what it needs is not known: the session's bar, a rate, or the policy's tolerance.
with fills as (
    select
        fill.*,
        (fill.executed_at at time zone 'America/New_York')::date as session_date
    from {{ ref('stg_desk__fills') }} as fill
    left join {{ ref('stg_desk__fills') }} as reversal on reversal.reverses_fill_id = fill.fill_id
    where fill.reverses_fill_id is null
        and reversal.fill_id is null
),

bars as (
    select
        bars.internal_symbol,
        bars.session_date,
        round(bars.low_price * factors.as_traded_multiplier, 16) as low_usd,
        round(bars.high_price * factors.as_traded_multiplier, 16) as high_usd
    from {{ ref('int_market__bars') }} as bars
    inner join {{ ref('int_market__price_factors') }} as factors using (run_id, internal_symbol, session_date)
    where not bars.is_broken
        and exists (
            select from fills
            where fills.internal_symbol = bars.internal_symbol and fills.session_date = bars.session_date
        )
),

weighed as (
    select
        fills.*,
        ticket.ticket_id,
        confirmation.line_number,
        trim_scale(bars.low_usd) as low_usd,
        trim_scale(bars.high_usd) as high_usd,
        rates.gbpusd_rate,
        trim_scale(round(fills.units * fills.price_usd / rates.gbpusd_rate, 2)) as expected_value_gbp,
        {{ policy_limit('fills.value_disagreement_ratio_max') }} as disagreement_ratio_max,
        coalesce(fills.executed_at between calendar.open_at and calendar.close_at, false) as is_in_session,
        fills.executed_at between ticket.window_open_at and ticket.window_close_at as is_in_window
    from fills
    inner join {{ ref('stg_desk__confirmations') }} as confirmation
        on confirmation.confirmation_id = fills.confirmation_id
    inner join {{ ref('stg_desk__tickets') }} as ticket on ticket.ticket_id = confirmation.ticket_id
    left join {{ ref('stg_desk__calendar') }} as calendar on calendar.session_date = fills.session_date
    left join {{ ref('int_market__fx_by_session') }} as rates on rates.session_date = fills.session_date
    left join bars on bars.internal_symbol = fills.internal_symbol and bars.session_date = fills.session_date
)

select
    run_id,
    fill_id,
    ticket_id,
    line_number,
    internal_symbol,
    executed_at,
    units,
    price_usd,
    value_gbp,
    low_usd,
    high_usd,
    gbpusd_rate,
    expected_value_gbp,
    price_usd between low_usd and high_usd as is_price_in_range,
    is_in_session,
    is_in_window,
    -- A penny is what rounding may do to the smallest fill.
    abs(value_gbp - expected_value_gbp)
    <= disagreement_ratio_max * expected_value_gbp + 0.01 as is_value_plausible
from weighed
