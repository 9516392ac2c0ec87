-- The bars that are not read, of every vendor an instrument has, and why.
-- An impossible bar is broken. A bar that was saved before its session closed is unfinished: known to us by
-- then, or the last one its vendor has and with less volume than a session brings. Such a bar counts as
-- missing until its next version comes. A series without volume (an index) is not measured by it.
with run as (
    select *, {{ policy_limit('data_quality.unfinished_volume_ratio_max') }} as volume_ratio_max
    from {{ ref('stg_desk__runs') }}
),

calendar as (
    select
        *,
        extract(epoch from close_at - open_at)
        / max(extract(epoch from close_at - open_at)) over () as length_ratio
    from {{ ref('stg_desk__calendar') }}
),

series as (
    select
        *,
        max(newest_known_date) over (partition by internal_symbol, source) as last_known_date
    from {{ ref('stg_market__series') }}
),

examined as (
    select
        bar.run_id,
        series.internal_symbol,
        bar.source,
        bar.vendor_symbol,
        bar.session_date,
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
            bar.session_date = series.last_known_date
            and bar.volume_units < run.volume_ratio_max * calendar.length_ratio * series.usual_volume_units,
            false
        ) as is_unfinished
    from {{ ref('stg_market__eod_bars') }} as bar
    inner join run on run.run_id = bar.run_id
    inner join series
        on series.source = bar.source
        and series.vendor_symbol = bar.vendor_symbol
        and bar.session_date between series.valid_from_date and series.valid_to_date
    left join calendar on calendar.session_date = bar.session_date
)

select * from examined
where is_broken or is_unfinished
