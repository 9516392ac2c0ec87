-- Every number of the policy the run was frozen with.
select
    run.run_id,
    policy_limit.limit_name,
    policy_limit.limit_value
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'policy_limits') }} as policy_limit on policy_limit.policy_hash = run.policy_hash
