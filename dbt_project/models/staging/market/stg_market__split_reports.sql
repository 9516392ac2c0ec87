-- Splits that trusted vendors report of stocks the book held before. A ratio of 1 is a split that the
-- vendor has withdrawn. The vendor whose prices the symbol is read from ranks before all others.
with held as (
    select internal_symbol, min(happened_at at time zone 'America/New_York')::date as first_date
    from {{ ref('stg_desk__entries') }}
    where units_delta <> 0 and not is_taken_back
    group by internal_symbol
)

select
    action.run_id,
    series.internal_symbol,
    action.ex_date,
    action.source,
    case when ranges.source = action.source then 0 else series.source_rank end as source_rank,
    action.value as split_value
from {{ ref('stg_market__corporate_actions') }} as action
inner join {{ ref('stg_market__series') }} as series
    on series.source = action.source
    and series.vendor_symbol = action.vendor_symbol
    and action.ex_date between series.valid_from_date and series.valid_to_date
inner join {{ ref('stg_desk__runs') }} as run on run.run_id = action.run_id
inner join held
    on held.internal_symbol = series.internal_symbol
    and action.ex_date > held.first_date
left join {{ ref('stg_market__ranges') }} as ranges on ranges.internal_symbol = series.internal_symbol
where action.kind = 'split'
    and action.ex_date <= run.as_of_date
