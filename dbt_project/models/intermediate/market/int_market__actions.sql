-- Every split and dividend a series still lacks, as it is applied to its prices: which ratio is meant, from
-- which session on, or why it is left out.
-- Only what the price basis lacks: splits and dividends for prices as traded, splits alone for split_adjusted
-- ones (to get back to what was traded), nothing for fully adjusted ones.
-- A vendor's word is checked where the price can confirm it. Prices as traded must fall as a large split
-- or dividend says, and nearer to it than to no action at all; a split that the price follows one session
-- later or earlier is applied there. What the price contradicts is quarantined: not applied, and what came
-- before is not comparable with what came after.
with run as (
    select
        *,
        {{ policy_limit('data_quality.action_checked_ratio_min') }} as checked_ratio_min,
        {{ policy_limit('data_quality.action_residual_ratio_max') }} as residual_ratio_max
    from {{ ref('stg_desk__runs') }}
),

bars as (
    select
        run_id,
        internal_symbol,
        source,
        vendor_symbol,
        price_basis,
        session_date,
        bar_number,
        close_price,
        lag(close_price) over in_order as previous_close,
        lag(close_price, 2) over in_order as second_previous_close,
        lag(session_date) over in_order as previous_date,
        lead(close_price) over in_order as next_close,
        lead(session_date) over in_order as next_date
    from {{ ref('int_market__bars') }}
    where not is_broken
        and not is_unfinished
    window in_order as (partition by internal_symbol order by session_date)
),

series as (
    select
        run_id,
        internal_symbol,
        source,
        vendor_symbol,
        price_basis,
        min(min(session_date)) over (partition by internal_symbol) as first_date
    from bars
    where price_basis <> 'fully_adjusted'
    group by run_id, internal_symbol, source, vendor_symbol, price_basis
),

-- A price as traded is brought to the scale of as_of_date; a vendor that adjusts has used every
-- split it knew, including later ones. An action before the first bar has nothing to change.
reported as (
    select
        series.run_id,
        series.internal_symbol,
        series.price_basis,
        action.ex_date,
        max(action.value) filter (where action.kind = 'split') as split_value,
        max(action.value)
            filter (where action.kind = 'dividend' and series.price_basis = 'raw') as dividend_value
    from series
    inner join run on run.run_id = series.run_id
    inner join {{ ref('stg_market__corporate_actions') }} as action
        on action.run_id = series.run_id
        and action.source = series.source
        and action.vendor_symbol = series.vendor_symbol
        and action.value > 0
        and action.ex_date > series.first_date
    where (series.price_basis = 'raw' and action.ex_date <= run.as_of_date)
        or (series.price_basis = 'split_adjusted' and action.kind = 'split')
    group by series.run_id, series.internal_symbol, series.price_basis, action.ex_date
),

meant as (
    select
        reported.*,
        coalesce(fraction.new_shares / round(fraction.old_shares, 30), reported.split_value) as split_ratio
    from reported
    left join {{ announced_shares('reported.split_value') }} as fraction on true
),

timeline as (
    select
        run_id,
        internal_symbol,
        session_date as event_date,
        1 as is_bar,
        null::text as price_basis,
        null::numeric as split_value,
        null::numeric as dividend_value,
        null::numeric as split_ratio
    from bars
    union all
    select run_id, internal_symbol, ex_date, 0, price_basis, split_value, dividend_value, split_ratio
    from meant
),

-- An action sorts before the bar of its own day, the first that trades without the right.
placed as (
    select
        *,
        1 + sum(is_bar) over (
            partition by internal_symbol order by event_date, is_bar rows unbounded preceding
        ) as first_bar_number
    from timeline
),

-- That bar, and those around it.
at_bars as (
    select
        placed.run_id,
        placed.internal_symbol,
        placed.event_date as ex_date,
        placed.price_basis,
        placed.split_value,
        placed.dividend_value,
        placed.split_ratio,
        priced.dividend_usd,
        bars.session_date,
        bars.close_price,
        bars.previous_close,
        bars.second_previous_close,
        bars.previous_date,
        bars.next_close,
        bars.next_date,
        -- On a day with both, the dividend is one per share before the split.
        (bars.previous_close - coalesce(priced.dividend_usd, 0))
        / coalesce(placed.split_ratio, 1) as expected_close
    from placed
    -- As many dollars as the split has shares, new or in all: the split booked as a dividend too.
    cross join lateral (
        select
            case
                when placed.dividend_value in (placed.split_ratio, placed.split_ratio - 1) then null
                else placed.dividend_value
            end as dividend_usd
    ) as priced
    left join bars
        on bars.internal_symbol = placed.internal_symbol
        and bars.bar_number = placed.first_bar_number
    where placed.is_bar = 0
),

examined as (
    select
        at_bars.*,
        at_bars.price_basis = 'raw' and at_bars.session_date is not null as has_evidence,
        abs(at_bars.expected_close / at_bars.previous_close - 1) <= run.checked_ratio_min as is_small,
        -- Near to what the action says, and nearer to it than to what no action says.
        at_bars.expected_close > 0
        and abs(at_bars.close_price / nullif(at_bars.expected_close, 0) - 1)
        <= run.residual_ratio_max
        and abs(at_bars.close_price - at_bars.expected_close)
        < abs(at_bars.close_price - at_bars.previous_close) as is_confirmed,
        abs(at_bars.next_close * at_bars.split_ratio / at_bars.close_price - 1)
        <= run.residual_ratio_max as is_confirmed_later,
        abs(at_bars.previous_close * at_bars.split_ratio / at_bars.second_previous_close - 1)
        <= run.residual_ratio_max as is_confirmed_earlier
    from at_bars
    inner join run on run.run_id = at_bars.run_id
),

treated as (
    select
        *,
        case
            when not has_evidence then 'as_reported'
            when expected_close <= 0 then 'impossible_dividend'
            when is_small or is_confirmed then 'as_reported'
            when dividend_usd is null and is_confirmed_later then 'early_date'
            when dividend_usd is null and is_confirmed_earlier then 'late_date'
            else 'price_disagrees'
        end as treatment
    from examined
)

select
    run_id,
    internal_symbol,
    ex_date,
    case treatment
        when 'early_date' then next_date
        when 'late_date' then previous_date
        else ex_date
    end as applied_date,
    split_value,
    dividend_value,
    trim_scale(split_ratio) as split_ratio,
    dividend_usd,
    session_date,
    previous_close,
    close_price,
    trim_scale(round(expected_close, 16)) as expected_close,
    treatment,
    treatment in ('impossible_dividend', 'price_disagrees') as is_quarantined
from treated
