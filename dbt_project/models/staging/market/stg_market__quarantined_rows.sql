-- Rows of accepted files that were left out, in the loads the run may see.
select
    run.run_id,
    quarantined.load_id,
    quarantined.source,
    quarantined.vendor_symbol,
    quarantined.session_date
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('market', 'quarantined_rows') }} as quarantined
    on quarantined.load_id <= run.data_snapshot_id
