-- Whether the history each symbol is read from stands on one scale, as far as its loads tell.
-- needs_history: the vendor rescaled it, and nothing whole has come since. mixed: a rescaled load
-- wrote only the newer part. unreported: nothing says how its bars came in.
-- Judged is the vendor's name of the newest bar, of the enabled symbols and the benchmark.
with series as (
    select distinct on (bars.internal_symbol)
        bars.run_id,
        bars.internal_symbol,
        bars.source,
        bars.vendor_symbol
    from {{ ref('int_market__bars') }} as bars
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.run_id = bars.run_id
        and universe.internal_symbol = bars.internal_symbol
        and (universe.is_enabled or universe.is_benchmark)
    order by bars.internal_symbol asc, bars.session_date desc
),

first_bars as (
    select source, vendor_symbol, min(session_date) as first_date
    from {{ ref('int_market__bars') }}
    group by source, vendor_symbol
),

-- A load that brought no bar of the vendor's, or refused them, says nothing about what is stored.
newest_results as (
    select distinct on (source, vendor_symbol) *
    from {{ ref('stg_market__load_results') }}
    where outcome = 'needs_history'
        or (
            outcome in ('stored', 'restated', 'unchanged')
            and rows_new_count + rows_changed_count + rows_unchanged_count > 0
        )
    order by source asc, vendor_symbol asc, load_id desc
),

newest_rescales as (
    select distinct on (restated.source, restated.vendor_symbol)
        restated.source,
        restated.vendor_symbol,
        results.first_written_date
    from {{ ref('stg_market__restatements') }} as restated
    inner join {{ ref('stg_market__load_results') }} as results
        using (load_id, source, vendor_symbol)
    where restated.kind = 'rescaled'
    order by restated.source asc, restated.vendor_symbol asc, restated.load_id desc
)

select
    series.run_id,
    series.internal_symbol,
    series.source,
    series.vendor_symbol,
    case
        when newest_results.outcome is null then 'unreported'
        when newest_results.outcome = 'needs_history' then 'needs_history'
        when first_bars.first_date < newest_rescales.first_written_date then 'mixed'
        else 'current'
    end as state,
    newest_results.known_at::date as told_date,
    newest_rescales.first_written_date as seam_date
from series
inner join first_bars using (source, vendor_symbol)
left join newest_results using (source, vendor_symbol)
left join newest_rescales using (source, vendor_symbol)
