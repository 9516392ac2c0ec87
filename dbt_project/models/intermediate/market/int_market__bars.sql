-- The bars of each instrument from the one vendor chosen for it, from where its range begins.
-- Histories of two vendors are never mixed within an instrument, because their price bases differ.
-- An impossible bar is broken. A bar that was saved before its session closed is unfinished: known
-- to us by then, or the last one its vendor has and with less volume than a session brings. Such a
-- bar counts as missing until its next version comes. A series without volume (an index) is not
-- judged by it.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

policy as (
    select run_id, limit_value as volume_ratio_max
    from {{ ref('stg_desk__policy_limits') }}
    where limit_name = 'data_quality.unfinished_volume_ratio_max'
),

calendar as (
    select
        *,
        extract(epoch from close_at - open_at)
        / max(extract(epoch from close_at - open_at)) over () as length_ratio
    from {{ ref('stg_desk__calendar') }}
),

chosen as (
    select
        series.*,
        ranges.from_date,
        max(series.newest_known_date) over (partition by series.internal_symbol) as last_known_date
    from {{ ref('stg_market__series') }} as series
    inner join {{ ref('stg_market__ranges') }} as ranges
        on ranges.run_id = series.run_id
        and ranges.internal_symbol = series.internal_symbol
        and ranges.source = series.source
),

judged as (
    select
        bar.*,
        chosen.internal_symbol,
        -- NaN is above everything in numeric, so each comparison below refuses it as well.
        not (
            bar.low_price > 0
            and bar.low_price <= least(bar.open_price, bar.close_price)
            and bar.high_price >= greatest(bar.open_price, bar.close_price)
            and bar.high_price < 'Infinity'
            and bar.volume_units >= 0
            and bar.volume_units < 'Infinity'
            and (
                bar.price_basis <> 'split_adjusted'
                or coalesce(bar.adj_close_price > 0 and bar.adj_close_price < 'Infinity', false)
            )
        ) as is_broken,
        coalesce(
            bar.known_at < calendar.close_at
            -- A simulated desk may hold files that end later than its clock.
            and (bar.known_at >= calendar.open_at or not run.is_simulated),
            false
        ) or coalesce(
            bar.session_date = chosen.last_known_date
            and bar.volume_units < policy.volume_ratio_max * calendar.length_ratio * chosen.usual_volume_units,
            false
        ) as is_unfinished
    from {{ ref('stg_market__eod_bars') }} as bar
    inner join run on run.run_id = bar.run_id
    inner join chosen
        on chosen.source = bar.source
        and chosen.vendor_symbol = bar.vendor_symbol
        and bar.session_date between greatest(chosen.valid_from_date, chosen.from_date) and chosen.valid_to_date
    left join policy on policy.run_id = bar.run_id
    left join calendar on calendar.session_date = bar.session_date
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
    -- Counts the sound bars of an instrument from its first one; others are not read further.
    row_number() over (
        partition by internal_symbol, is_broken or is_unfinished order by session_date
    ) as bar_number
from judged
