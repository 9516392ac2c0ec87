-- How far the book is below the peak that stops it. Without a drawdown review that is its peak of all time,
-- as in equity_daily; from a reviewed session on it is the highest since, that session included. Where the
-- value of a reviewed session is unknown by now, the last known one before it stands in: what fell since is
-- not forgotten.
with equity as (
    select * from {{ ref('equity_daily') }}
),

reviewed as (
    select
        review.run_id,
        review.as_of_date,
        max(equity.session_date) as session_date
    from {{ ref('stg_desk__drawdown_reviews') }} as review
    inner join equity
        on equity.run_id = review.run_id
        and equity.session_date <= review.as_of_date
    where equity.growth_index is not null
    group by review.run_id, review.as_of_date
),

counted as (
    select
        equity.run_id,
        equity.portfolio_id,
        equity.session_date,
        equity.growth_index,
        equity.drawdown_ratio,
        max(reviewed.session_date) as counted_from_date
    from equity
    left join reviewed
        on reviewed.run_id = equity.run_id
        and reviewed.session_date <= equity.session_date
    group by
        equity.run_id, equity.portfolio_id, equity.session_date, equity.growth_index, equity.drawdown_ratio
)

select
    run_id,
    portfolio_id,
    session_date,
    counted_from_date,
    case
        when counted_from_date is null then drawdown_ratio
        else trim_scale(round(
            1 - growth_index / nullif(
                max(growth_index) over (
                    partition by run_id, portfolio_id, counted_from_date
                    order by session_date rows unbounded preceding
                ),
                0
            ),
            16
        ))
    end as unreviewed_drawdown_ratio
from counted
