-- What every trusted vendor says of the newest sessions, each brought to adjusted closes by its own means: so
-- their returns can be compared whatever basis they are written in.
-- Searched are the enabled symbols and the benchmark, over the policy's lookback and the session before it,
-- from which the first return is taken.
with searched_symbols as (
    select * from {{ ref('stg_desk__universe') }} where is_enabled or is_benchmark
),

searched_sessions as (
    select *
    from {{ ref('int_market__sessions') }}
    where session_number <= {{ policy_limit('data_quality.lookback_sessions_count') }} + 1
),

names as (
    select symbol.*
    from {{ ref('stg_market__vendor_symbols') }} as symbol
    inner join searched_symbols using (run_id, internal_symbol)
),

bars as (
    select
        bar.*,
        names.internal_symbol,
        names.source_rank,
        lag(bar.session_date) over series as previous_session_date,
        lag(bar.close_price) over series as previous_close_price
    from {{ ref('stg_market__eod_bars') }} as bar
    inner join searched_sessions using (run_id, session_date)
    inner join names
        on names.run_id = bar.run_id
        and names.source = bar.source
        and names.vendor_symbol = bar.vendor_symbol
        and bar.session_date between names.valid_from_date and names.valid_to_date
    left join {{ ref('int_market__unfit_bars') }} as unfit
        on unfit.internal_symbol = names.internal_symbol
        and unfit.source = bar.source
        and unfit.session_date = bar.session_date
    -- A broken or unfinished bar is no opinion.
    where unfit.session_date is null
    window series as (
        partition by names.internal_symbol, bar.source order by bar.session_date
    )
),

actions as (
    select action.*, names.internal_symbol
    from {{ ref('stg_market__corporate_actions') }} as action
    inner join names
        on names.run_id = action.run_id
        and names.source = action.source
        and names.vendor_symbol = action.vendor_symbol
        and action.ex_date between names.valid_from_date and names.valid_to_date
    where action.value > 0
),

-- What the bar before is multiplied by to be compared with this one; a dividend of the whole price
-- or more is left out, as it is from the prices.
steps as (
    select
        bars.internal_symbol,
        bars.source,
        bars.session_date,
        intermediate.product(
            case
                when action.kind = 'split' then 1 / round(action.value, 30)
                when action.value < bars.previous_close_price
                    then 1 - round(action.value, 30) / bars.previous_close_price
                else 1
            end
        ) as step_factor
    from bars
    inner join actions as action
        on action.internal_symbol = bars.internal_symbol
        and action.source = bars.source
        and action.ex_date > bars.previous_session_date
        and action.ex_date <= bars.session_date
    where bars.price_basis = 'raw'
    group by bars.internal_symbol, bars.source, bars.session_date
),

later_splits as (
    select
        bars.internal_symbol,
        bars.source,
        bars.session_date,
        intermediate.product(action.value) as split_ratio
    from bars
    inner join actions as action
        on action.internal_symbol = bars.internal_symbol
        and action.source = bars.source
        and action.kind = 'split'
        and action.ex_date > bars.session_date
    where bars.price_basis = 'split_adjusted'
    group by bars.internal_symbol, bars.source, bars.session_date
)

select
    bars.run_id,
    bars.internal_symbol,
    bars.source,
    bars.source_rank,
    bars.session_date,
    trim_scale(round(
        case bars.price_basis
            when 'split_adjusted' then bars.adj_close_price
            when 'raw' then bars.close_price * coalesce(
                intermediate.product(coalesce(steps.step_factor, 1)) over (
                    partition by bars.internal_symbol, bars.source
                    order by bars.session_date desc
                    rows between unbounded preceding and 1 preceding
                ),
                1
            )
            else bars.close_price
        end,
        16
    )) as adj_close_usd,
    trim_scale(case bars.price_basis
        when 'raw' then bars.close_price
        when 'split_adjusted' then bars.close_price * coalesce(later_splits.split_ratio, 1)
        else bars.unadjusted_close_price
    end) as as_traded_close_usd
from bars
left join steps using (internal_symbol, source, session_date)
left join later_splits using (internal_symbol, source, session_date)
