-- What became of each symbol in the loads the run may see.
select
    run.run_id,
    result.load_id,
    load.known_at,
    result.source,
    result.vendor_symbol,
    result.outcome,
    result.rows_new_count,
    result.rows_changed_count,
    result.rows_unchanged_count,
    result.rows_quarantined_count,
    result.first_written_date,
    result.detail
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('market', 'load_results') }} as result on result.load_id <= run.data_snapshot_id
inner join {{ source('market', 'loads') }} as load on load.load_id = result.load_id
