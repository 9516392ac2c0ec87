-- Are the lots the holdings, and is what was paid in and gained what the book is worth, to the penny?
-- Red ends build_book: nothing is sized, and the ticket is a NO-TRADE that names the step.
-- Says nothing about which lot a sale took; the broker may have closed another line.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

held as (
    select internal_symbol, sum(units) as units, sum(value_gbp) as value_gbp
    from {{ ref('lots') }}
    group by internal_symbol
    having sum(units) <> 0
),

compared as (
    select 'units of the lots are the units held' as identity, internal_symbol as subject,
        held.units as found, positions.units as expected
    from {{ ref('ledger_positions') }} as positions
    full join held using (internal_symbol)

    union all

    select 'values of the lots are the value held', internal_symbol, held.value_gbp, positions.value_gbp
    from {{ ref('ledger_positions') }} as positions
    full join held using (internal_symbol)

    union all

    select 'a lot''s gain is price and rate', lot_number::text, gain_gbp, price_gain_gbp + fx_gain_gbp
    from {{ ref('lots') }}
    where price_gain_gbp is not null

    union all

    select
        'a realised gain is proceeds less cost and fees',
        slice_number::text,
        gain_gbp,
        proceeds_gbp - cost_gbp - fee_gbp
    from {{ ref('realised_gains') }}

    union all

    select
        'a realised gain is price, rate and fees',
        slice_number::text,
        gain_gbp,
        price_gain_gbp + fx_gain_gbp - fee_gbp
    from {{ ref('realised_gains') }}
    where price_gain_gbp is not null

    union all

    select 'what was paid in and gained is the equity', gains.portfolio_id,
        gains.paid_in_gbp + gains.gain_gbp, equity.equity_gbp
    from {{ ref('gains') }} as gains
    inner join run on run.run_id = gains.run_id
    inner join {{ ref('equity_daily') }} as equity
        on equity.run_id = gains.run_id
        and equity.session_date = run.as_of_date
    -- A holding below nothing has no lot; gate_risk_long_only blocks it.
    where not exists (select from {{ ref('int_ledger__positions') }} where units < 0)

    union all

    select 'the whole return is what the index grew by', returns.span,
        round(returns.time_weighted_ratio, 9), round(days.growth_index - 1, 9)
    from {{ ref('returns') }} as returns
    inner join {{ ref('equity_daily') }} as days
        on days.run_id = returns.run_id
        and days.session_date = returns.to_date
    where returns.span = 'all'
)

select * from compared
where found is distinct from expected
