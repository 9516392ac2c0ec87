-- The dated vendor names of the universe the run was frozen with.
select
    run.run_id,
    alias.source,
    alias.vendor_symbol,
    alias.internal_symbol,
    alias.valid_from_date,
    alias.valid_to_date
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'config_aliases') }} as alias on alias.universe_hash = run.universe_hash
