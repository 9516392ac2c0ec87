-- What each instrument cost at the close of as_of_date, and how far it usually moves in a session.
-- One row per instrument of the universe with a bar on that date that nothing speaks against.
-- Earlier prices are brought to the share of as_of_date, so a split does not look like a move.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

recent as (
    select
        factors.run_id,
        factors.internal_symbol,
        factors.session_date,
        factors.bars_from_newest,
        factors.as_traded_multiplier,
        factors.split_multiplier,
        factors.as_traded_close_usd,
        bars.high_price * factors.split_multiplier as high_price,
        bars.low_price * factors.split_multiplier as low_price,
        bars.close_price * factors.split_multiplier as close_price
    from {{ ref('int_market__price_factors') }} as factors
    inner join {{ ref('int_market__bars') }} as bars
        on bars.internal_symbol = factors.internal_symbol
        and bars.session_date = factors.session_date
        and not bars.is_broken
        and not bars.is_unfinished
    inner join {{ ref('stg_market__ranges') }} as ranges
        on ranges.internal_symbol = factors.internal_symbol
        and factors.session_date >= ranges.window_start_date
    -- Fourteen true ranges and the close before the first of them.
    where factors.bars_from_newest <= 15
),

ranges as (
    select
        *,
        lag(close_price) over bars_in_order as previous_close_price
    from recent
    window bars_in_order as (partition by internal_symbol order by session_date)
),

averages as (
    select
        internal_symbol,
        avg(greatest(high_price, previous_close_price) - least(low_price, previous_close_price))
            filter (where previous_close_price is not null) as atr_14_price,
        count(previous_close_price) as ranges_count
    from ranges
    group by internal_symbol
),

newest as (
    select
        ranges.*,
        ranges.as_traded_multiplier / ranges.split_multiplier as usd_per_price
    from ranges
    inner join run on run.run_id = ranges.run_id and run.as_of_date = ranges.session_date
    where ranges.bars_from_newest = 1
)

select
    newest.run_id,
    newest.internal_symbol,
    newest.session_date as as_of_date,
    newest.as_traded_close_usd as close_usd,
    trim_scale(round(newest.previous_close_price * newest.usd_per_price, 16)) as previous_close_usd,
    case
        when averages.ranges_count = 14
            then trim_scale(round(averages.atr_14_price * newest.usd_per_price, 16))
    end as atr_14_usd,
    universe.is_tradable_underlying as is_tradable,
    universe.is_enabled
from newest
inner join averages on averages.internal_symbol = newest.internal_symbol
inner join {{ ref('stg_desk__universe') }} as universe
    on universe.run_id = newest.run_id
    and universe.internal_symbol = newest.internal_symbol
left join {{ ref('int_market__price_findings') }} as finding
    on finding.run_id = newest.run_id
    and finding.internal_symbol = newest.internal_symbol
    and finding.session_date = newest.session_date
where finding.internal_symbol is null
