-- Splits and dividends of the universe known to the run's data snapshot, the newest version of
-- each, within the sessions the vendor's name is the instrument's.
-- Not cut at as_of_date: a vendor that adjusts has already worked later splits into earlier prices.
select distinct on (action.source, action.vendor_symbol, action.ex_date, action.kind)
    run.run_id,
    action.source,
    action.vendor_symbol,
    action.ex_date,
    action.kind,
    action.value,
    action.load_id
from {{ ref('stg_desk__runs') }} as run
inner join {{ ref('stg_market__vendor_symbols') }} as symbol on symbol.run_id = run.run_id
inner join {{ source('market', 'corporate_actions') }} as action
    on action.source = symbol.source
    and action.vendor_symbol = symbol.vendor_symbol
    and action.ex_date between symbol.valid_from_date and symbol.valid_to_date
    and action.load_id <= run.data_snapshot_id
order by action.source, action.vendor_symbol, action.ex_date, action.kind, action.load_id desc
