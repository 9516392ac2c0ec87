-- Splits and dividends of the universe known to the run's data snapshot, the newest version of
-- each.
-- Not cut at as_of_date: a vendor that adjusts has already worked later splits into earlier prices.
select distinct on (action.source, action.vendor_symbol, action.ex_date, action.kind)
    run.run_id,
    action.source,
    action.vendor_symbol,
    action.ex_date,
    action.kind,
    action.value
from {{ ref('stg_desk__runs') }} as run
inner join (
    select distinct run_id, source, vendor_symbol from {{ ref('stg_market__vendor_symbols') }}
) as series on series.run_id = run.run_id
inner join {{ source('market', 'corporate_actions') }} as action
    on action.source = series.source
    and action.vendor_symbol = series.vendor_symbol
    and action.load_id <= run.data_snapshot_id
order by action.source, action.vendor_symbol, action.ex_date, action.kind, action.load_id desc
