-- The bars of each instrument from the one vendor chosen for it, from where its range begins.
-- Histories of two vendors are never mixed within an instrument, because their price bases differ.
-- A broken or unfinished bar stays in its place, marked, and is not read further.
with chosen as (
    select
        series.*,
        ranges.from_date
    from {{ ref('stg_market__series') }} as series
    inner join {{ ref('stg_market__ranges') }} as ranges
        on ranges.run_id = series.run_id
        and ranges.internal_symbol = series.internal_symbol
        and ranges.source = series.source
),

marked as (
    select
        bar.*,
        chosen.internal_symbol,
        coalesce(unfit.is_broken, false) as is_broken,
        coalesce(unfit.is_unfinished, false) as is_unfinished
    from {{ ref('stg_market__eod_bars') }} as bar
    inner join chosen
        on chosen.source = bar.source
        and chosen.vendor_symbol = bar.vendor_symbol
        and bar.session_date >= greatest(chosen.valid_from_date, chosen.from_date)
        and bar.session_date <= chosen.valid_to_date
    left join {{ ref('int_market__unfit_bars') }} as unfit
        on unfit.internal_symbol = chosen.internal_symbol
        and unfit.source = bar.source
        and unfit.session_date = bar.session_date
)

select
    run_id,
    internal_symbol,
    source,
    vendor_symbol,
    session_date,
    price_basis,
    open_price,
    high_price,
    low_price,
    close_price,
    adj_close_price,
    volume_units,
    unadjusted_close_price,
    newest_session_date,
    is_broken,
    is_unfinished,
    -- Counts the sound bars of an instrument from its first one.
    row_number() over (
        partition by internal_symbol, is_broken or is_unfinished order by session_date
    ) as bar_number
from marked
