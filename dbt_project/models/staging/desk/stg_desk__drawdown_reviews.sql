-- Sessions whose drawdown persons have looked at, as far as the run could know it: from each the peak is
-- counted anew. Those after as_of_date say nothing of a run that goes back.
select
    run.run_id,
    review.as_of_date
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'drawdown_reviews') }} as review on review.portfolio_id = run.portfolio_id
where review.is_complete
    and review.as_of_date <= run.as_of_date
    and review.created_at <= run.frozen_at
