-- The one run this build is for. Without the run_id variable, or with an unknown one, there is no
-- row; everything below hangs on it, so everything is empty and every gate stays blocked.
select
    run.run_id,
    run.portfolio_id,
    run.kind,
    run.as_of_date,
    run.data_snapshot_id,
    run.policy_hash,
    run.universe_hash,
    run.calendar_hash,
    run.signal_method,
    run.model_version,
    run.frozen_at,
    instance.environment = 'simulated' as is_simulated,
    desk.is_live_run(run.run_id) as is_live,
    desk.mail_objection(run.mail_way, run.mail_addresses) as mail_objection
from {{ source('desk', 'runs') }} as run
cross join {{ source('desk', 'instance') }} as instance
where run.run_id = {{ run_id() }}
