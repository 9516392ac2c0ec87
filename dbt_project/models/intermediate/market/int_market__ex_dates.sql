-- What every price before an ex-date is still to be multiplied by, per instrument and session from which on
-- an action is applied.
with bars as (
    select * from {{ ref('int_market__bars') }} where not is_broken and not is_unfinished
),

actions as (
    select
        run_id,
        internal_symbol,
        applied_date as ex_date,
        intermediate.product(split_ratio) as split_ratio,
        sum(dividend_usd) as dividend_usd
    from {{ ref('int_market__actions') }}
    where not is_quarantined
    group by run_id, internal_symbol, applied_date
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
        -- The close before the ex-date as traded: on a day with both, the dividend is one before the split.
        previous.close_price as previous_close_usd
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
    intermediate.product(coalesce(split_ratio, 1)) over later as later_split_ratio,
    intermediate.product(
        case
            when dividend_usd is null or previous_close_usd is null then 1
            -- The scale of the dividend decides how many decimals the division keeps.
            else 1 - round(dividend_usd, 30) / previous_close_usd
        end
    ) over later as later_dividend_factor
from single_factors
window later as (partition by internal_symbol order by ex_date desc rows unbounded preceding)
