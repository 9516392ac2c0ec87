-- What that picture shows as held.
select
    snapshot.run_id,
    position.snapshot_id,
    position.broker_symbol,
    position.units
from {{ ref('stg_desk__broker_snapshots') }} as snapshot
inner join {{ source('desk', 'broker_snapshot_positions') }} as position
    on position.snapshot_id = snapshot.snapshot_id
