-- The session from which on a symbol's prices are comparable, where something is quarantined.
select
    run_id,
    internal_symbol,
    max(cut_date) as cut_date
from (
    select run_id, internal_symbol, session_date as cut_date
    from {{ ref('int_market__actions') }}
    where is_quarantined
    union all
    select run_id, internal_symbol, session_date
    from {{ ref('int_market__missing_splits') }}
) as cuts
group by run_id, internal_symbol
