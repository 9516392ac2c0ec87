-- What every price before an ex-date is still to be multiplied by, per instrument and ex-date.
-- Only what the series' price basis lacks: splits and dividends for prices as traded, splits for
-- split_adjusted ones (to get back to what was traded), nothing for fully adjusted ones.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

bars as (
    select * from {{ ref('int_market__bars') }} where not is_broken
),

series as (
    select distinct run_id, internal_symbol, source, vendor_symbol, price_basis
    from bars
    where price_basis <> 'fully_adjusted'
),

-- A price as traded is brought to the scale of as_of_date; a vendor that adjusts has used every
-- split it knew, including later ones.
actions as (
    select
        series.run_id,
        series.internal_symbol,
        action.ex_date,
        max(action.value) filter (where action.kind = 'split') as split_ratio,
        max(action.value)
            filter (where action.kind = 'dividend' and series.price_basis = 'raw') as dividend_usd
    from series
    inner join run on run.run_id = series.run_id
    inner join {{ ref('stg_market__corporate_actions') }} as action
        on action.run_id = series.run_id
        and action.source = series.source
        and action.vendor_symbol = series.vendor_symbol
        and action.value > 0
    where (series.price_basis = 'raw' and action.ex_date <= run.as_of_date)
        or (series.price_basis = 'split_adjusted' and action.kind = 'split')
    group by series.run_id, series.internal_symbol, action.ex_date
),

timeline as (
    select internal_symbol, session_date as event_date, 1 as is_bar from bars
    union all
    select internal_symbol, ex_date, 0 from actions
),

counted as (
    select
        internal_symbol,
        event_date,
        is_bar,
        -- An ex-date sorts before the bar of its own day, which already trades without the right.
        sum(is_bar) over (
            partition by internal_symbol order by event_date, is_bar rows unbounded preceding
        ) as bars_before_count
    from timeline
),

single_factors as (
    select
        actions.run_id,
        actions.internal_symbol,
        actions.ex_date,
        actions.split_ratio,
        actions.dividend_usd,
        -- The close before the ex-date as traded: on a day with both, the dividend is one before
        -- the split.
        previous.close_price as previous_close_usd,
        coalesce(actions.dividend_usd >= previous.close_price, false) as is_impossible
    from actions
    inner join counted
        on counted.internal_symbol = actions.internal_symbol
        and counted.event_date = actions.ex_date
        and counted.is_bar = 0
    left join bars as previous
        on previous.internal_symbol = actions.internal_symbol
        and previous.bar_number = counted.bars_before_count
)

select
    run_id,
    internal_symbol,
    ex_date,
    split_ratio,
    dividend_usd,
    previous_close_usd,
    row_number() over later as action_number,
    -- A dividend of the whole price or more cannot be adjusted for; what came before it is not
    -- comparable.
    bool_or(is_impossible) over later as is_incomparable,
    intermediate.product(coalesce(split_ratio, 1)) over later as later_split_ratio,
    intermediate.product(
        case
            when dividend_usd is null or previous_close_usd is null or is_impossible then 1
            -- The scale of the dividend decides how many decimals the division keeps.
            else 1 - round(dividend_usd, 30) / previous_close_usd
        end
    ) over later as later_dividend_factor
from single_factors
window later as (partition by internal_symbol order by ex_date desc rows unbounded preceding)
