-- How much of the enabled universe has a sound bar on the run's as_of_date. Always one row per run:
-- an empty universe is no coverage, not full coverage.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

priced as (
    select
        universe.run_id,
        universe.internal_symbol,
        universe.is_enabled,
        universe.is_benchmark,
        bars.internal_symbol is not null as has_bar
    from {{ ref('stg_desk__universe') }} as universe
    inner join run on run.run_id = universe.run_id
    left join {{ ref('int_market__bars') }} as bars
        on bars.run_id = universe.run_id
        and bars.internal_symbol = universe.internal_symbol
        and bars.session_date = run.as_of_date
        and not bars.is_broken
        and not bars.is_unfinished
),

counted as (
    select
        run.run_id,
        run.as_of_date,
        count(distinct priced.internal_symbol) filter (where priced.is_enabled)::integer as enabled_count,
        count(distinct priced.internal_symbol)
            filter (where priced.is_enabled and priced.has_bar)::integer as covered_count,
        string_agg(distinct priced.internal_symbol, ', ' order by priced.internal_symbol)
            filter (where priced.is_enabled and not priced.has_bar) as missing_symbols,
        bool_or(priced.is_benchmark and priced.has_bar) as is_benchmark_present
    from run
    left join priced on priced.run_id = run.run_id
    group by run.run_id, run.as_of_date
)

select
    run_id,
    as_of_date,
    enabled_count,
    covered_count,
    trim_scale(round(covered_count::numeric / nullif(enabled_count, 0), 12)) as coverage_ratio,
    coalesce(missing_symbols, '') as missing_symbols,
    coalesce(is_benchmark_present, false) as is_benchmark_present
from counted
