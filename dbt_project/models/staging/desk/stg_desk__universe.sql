-- The instruments of the universe the run was frozen with.
select
    run.run_id,
    entry.internal_symbol,
    entry.vendor_symbol,
    entry.stooq_symbol,
    entry.yahoo_symbol,
    entry.etoro_search_name,
    entry.is_benchmark,
    entry.is_tradable_underlying,
    entry.is_enabled
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'config_universe') }} as entry on entry.universe_hash = run.universe_hash
