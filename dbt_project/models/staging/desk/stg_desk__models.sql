-- The model the run trades on: its state when the run was frozen, and its state now. What it only watches
-- needs nobody's approval.
select
    run.run_id,
    model.model_version,
    model.as_of_date,
    model.horizon_sessions,
    frozen.state as frozen_state,
    newest.state
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'model_registry') }} as model on model.model_version = run.model_version
left join lateral (
    select changed.state
    from {{ source('desk', 'model_states') }} as changed
    where changed.model_version = model.model_version and changed.created_at <= run.frozen_at
    order by changed.state_id desc
    limit 1
) as frozen on true
left join lateral (
    select changed.state
    from {{ source('desk', 'model_states') }} as changed
    where changed.model_version = model.model_version
    order by changed.state_id desc
    limit 1
) as newest on true
