-- Where a vendor changed bars it had given before, in the loads the run may see.
select
    run.run_id,
    restatement.load_id,
    load.known_at,
    restatement.source,
    restatement.vendor_symbol,
    restatement.kind,
    restatement.ratio,
    restatement.largest_ratio,
    restatement.bars_count,
    restatement.first_date,
    restatement.last_date
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('market', 'restatements') }} as restatement
    on restatement.load_id <= run.data_snapshot_id
inner join {{ source('market', 'loads') }} as load on load.load_id = restatement.load_id
