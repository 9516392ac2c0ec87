-- Does the benchmark have a sound bar on the run's as_of_date?
-- Blocks when the universe names no benchmark: without one there is nothing to measure the book against.
-- Says nothing about the benchmark's older bars.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

benchmark as (
    select run_id, max(internal_symbol) as internal_symbol
    from {{ ref('stg_desk__universe') }}
    where is_benchmark
    group by run_id
),

weighed as (
    select
        run.run_id,
        run.as_of_date,
        benchmark.internal_symbol,
        coalesce(benchmark.internal_symbol is not null and coverage.is_benchmark_present, false) as is_clear
    from run
    left join benchmark on benchmark.run_id = run.run_id
    left join {{ ref('price_coverage') }} as coverage on coverage.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'benchmark_present',
        observed='case when internal_symbol is not null then is_clear::integer end', limit='1'
    ) }},
    case
        when internal_symbol is null then 'the universe names no benchmark'
        when is_clear then format('the benchmark %s has a bar on %s', internal_symbol, as_of_date)
        else format('the benchmark %s has no bar on %s', internal_symbol, as_of_date)
    end as reason,
    case
        when is_clear then ''
        when internal_symbol is null then 'Mark one row of universe.csv as the benchmark.'
        else format('Load a bar of %s for %s.', internal_symbol, as_of_date)
    end as fix
from weighed
