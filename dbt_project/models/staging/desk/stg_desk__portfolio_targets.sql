-- Where the run wants each symbol to stand.
select
    target.run_id,
    target.internal_symbol,
    target.target_weight_ratio,
    target.target_value_gbp,
    target.binding_constraint
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'portfolio_targets') }} as target on target.run_id = run.run_id
