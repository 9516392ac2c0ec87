-- Bars whose price is a half, a third ... or twice, three times ... of the one before, without a split that
-- says so: the sign of one that nobody reported, or of a history adjusted in part.
-- News can halve a price as well, but then many times the usual money changes hands; a split moves the share
-- count and leaves the money alone. Smaller ratios such as 3:2 cannot be told from news and are left to the
-- comparison of vendors.
with policy as (
    select
        {{ policy_limit('data_quality.missing_split_tolerance_ratio') }} as tolerance_ratio,
        {{ policy_limit('data_quality.missing_split_turnover_max') }} as turnover_max
),

bars as (
    select
        run_id,
        internal_symbol,
        session_date,
        bar_number,
        close_price,
        volume_units,
        lag(close_price) over (partition by internal_symbol order by session_date) as previous_close
    from {{ ref('int_market__bars') }}
    where not is_broken
        and not is_unfinished
),

-- What the bar should have been near to: the close before it, less what was applied in between.
moves as (
    select
        bars.*,
        bars.close_price / (
            (bars.previous_close - coalesce(action.dividend_usd, 0)) / coalesce(action.split_ratio, 1)
        ) as move
    from bars
    left join {{ ref('int_market__actions') }} as action
        on action.internal_symbol = bars.internal_symbol
        and action.applied_date = bars.session_date
        and not action.is_quarantined
    where bars.previous_close > coalesce(action.dividend_usd, 0)
),

near as (
    select
        moves.*,
        round(greatest(moves.move, 1 / moves.move)) as split_number
    from moves
    cross join policy
    where round(greatest(moves.move, 1 / moves.move)) >= 2
        and coalesce(
            abs(greatest(moves.move, 1 / moves.move) / round(greatest(moves.move, 1 / moves.move)) - 1)
            <= policy.tolerance_ratio,
            true
        )
),

usual as (
    select
        near.internal_symbol,
        near.session_date,
        percentile_cont(0.5) within group (
            order by (before.close_price * before.volume_units)::float8
        ) as turnover,
        count(*) as bars_count
    from near
    inner join bars as before
        on before.internal_symbol = near.internal_symbol
        and before.bar_number between near.bar_number - 20 and near.bar_number - 1
    group by near.internal_symbol, near.session_date
)

select
    near.run_id,
    near.internal_symbol,
    near.session_date,
    near.previous_close,
    near.close_price,
    near.split_number,
    near.move < 1 as is_forward
from near
inner join usual using (internal_symbol, session_date)
cross join policy
where usual.bars_count = 20
    and coalesce(near.close_price * near.volume_units <= policy.turnover_max * usual.turnover::numeric, true)
