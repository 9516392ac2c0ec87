-- What was published last of each symbol of the universe, and what it was made of. The next build
-- reads from it what it has to compute again.
-- depends_on: {{ ref('market_prices_eod') }}
select
    ranges.internal_symbol,
    ranges.run_id,
    ranges.source,
    run.as_of_date,
    run.data_snapshot_id,
    cut.cut_date,
    ranges.fingerprint,
    '{{ prices_code() }}'::text as prices_code
from {{ ref('stg_market__ranges') }} as ranges
inner join {{ ref('stg_desk__runs') }} as run on run.run_id = ranges.run_id
left join {{ ref('int_market__history_cuts') }} as cut
    on cut.run_id = ranges.run_id
    and cut.internal_symbol = ranges.internal_symbol
