-- How many enabled symbols have a row of a day that the run's calendar closes, among those left out.
with left_out as (
    select bar.run_id, symbol.internal_symbol, bar.session_date
    from {{ ref('stg_market__quarantined_rows') }} as bar
    inner join {{ ref('stg_market__vendor_symbols') }} as symbol
        on symbol.run_id = bar.run_id
        and symbol.source = bar.source
        and symbol.vendor_symbol = bar.vendor_symbol
        and bar.session_date between symbol.valid_from_date and symbol.valid_to_date
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.run_id = bar.run_id
        and universe.internal_symbol = symbol.internal_symbol
        and universe.is_enabled
)

select run_id, session_date, count(distinct internal_symbol) as symbols_count
from left_out
where not exists (
    select from {{ ref('stg_desk__calendar') }} as calendar
    where calendar.run_id = left_out.run_id and calendar.session_date = left_out.session_date
)
group by run_id, session_date
