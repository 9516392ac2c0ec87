-- By how much the machine's clock was off as the run was frozen, and what its policy says of an unknown one.
select
    run.run_id,
    run.is_simulated,
    reading.ntp_source,
    reading.ntp_offset_ms,
    reading.database_offset_ms,
    coalesce((policy.body #>> '{clock,unknown_blocks}')::boolean, false) as unknown_blocks
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'config_policy') }} as policy on policy.policy_hash = run.policy_hash
left join {{ source('desk', 'clock_readings') }} as reading on reading.run_id = run.run_id
