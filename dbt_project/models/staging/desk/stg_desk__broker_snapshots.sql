-- The newest picture of the broker's account the run could know.
select distinct on (run.run_id)
    run.run_id,
    snapshot.portfolio_id,
    snapshot.snapshot_id,
    snapshot.cash_gbp,
    snapshot.positions_count,
    snapshot.taken_at,
    snapshot.recorded_at
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'broker_snapshots') }} as snapshot on snapshot.portfolio_id = run.portfolio_id
where snapshot.recorded_at <= run.frozen_at
order by run.run_id, snapshot.taken_at desc, snapshot.snapshot_id desc
