-- How each sound bar reads in the three scales: as traded, adjusted for splits, adjusted for all.
-- A vendor's price is multiplied by exactly one factor per scale, so nothing is adjusted twice.
with bars as (
    select bars.*
    from {{ ref('int_market__bars') }} as bars
    left join {{ ref('int_market__history_cuts') }} as cut using (run_id, internal_symbol)
    where not bars.is_broken
        and not bars.is_unfinished
        -- What came before a quarantined split or dividend is not comparable.
        and bars.session_date >= coalesce(cut.cut_date, date '-infinity')
),

ex_dates as (
    select * from {{ ref('int_market__ex_dates') }}
),

timeline as (
    select internal_symbol, session_date as event_date, 1 as is_bar from bars
    union all
    select internal_symbol, ex_date, 0 from ex_dates
),

counted as (
    select
        internal_symbol,
        event_date,
        is_bar,
        -- Backwards in time, the bar of an ex-date comes before the ex-date: it is not adjusted for it.
        sum(1 - is_bar) over (
            partition by internal_symbol order by event_date desc, is_bar desc rows unbounded preceding
        ) as later_actions_count,
        sum(is_bar) over (
            partition by internal_symbol order by event_date desc, is_bar desc rows unbounded preceding
        ) as bars_from_newest
    from timeline
),

factored as (
    select
        bars.run_id,
        bars.internal_symbol,
        bars.session_date,
        bars.source,
        bars.price_basis,
        bars.bar_number,
        counted.bars_from_newest,
        bars.close_price,
        case bars.price_basis
            when 'raw' then 1
            when 'split_adjusted' then coalesce(ex_dates.later_split_ratio, 1)
            -- Unknown unless the bar was once the newest of its series.
            else round(bars.unadjusted_close_price, 30) / bars.close_price
        end as as_traded_multiplier,
        case bars.price_basis
            when 'raw' then 1 / round(coalesce(ex_dates.later_split_ratio, 1), 30)
            else 1
        end as split_multiplier,
        case bars.price_basis
            when 'raw'
                then coalesce(ex_dates.later_dividend_factor / round(ex_dates.later_split_ratio, 30), 1)
            when 'split_adjusted' then round(bars.adj_close_price, 30) / bars.close_price
            else 1
        end as adj_multiplier
    from bars
    inner join counted
        on counted.internal_symbol = bars.internal_symbol
        and counted.event_date = bars.session_date
        and counted.is_bar = 1
    left join ex_dates
        on ex_dates.internal_symbol = bars.internal_symbol
        and ex_dates.action_number = counted.later_actions_count
)

select
    run_id,
    internal_symbol,
    session_date,
    source,
    price_basis,
    bar_number,
    bars_from_newest,
    trim_scale(as_traded_multiplier) as as_traded_multiplier,
    trim_scale(split_multiplier) as split_multiplier,
    trim_scale(adj_multiplier) as adj_multiplier,
    trim_scale(round(close_price * as_traded_multiplier, 16)) as as_traded_close_usd,
    trim_scale(round(close_price * adj_multiplier, 16)) as adj_close_usd
from factored
