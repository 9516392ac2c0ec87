-- Does enough of the enabled universe have a sound bar on the run's as_of_date?
-- Blocks when the universe is empty or no policy is active: an unknown comparison counts as not clear.
-- Says nothing about stale bars; gate_data_quality_freshness does.
with run as (
    select *, {{ policy_limit('data_quality.coverage_ratio_min') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        coverage.enabled_count,
        coverage.covered_count,
        coverage.coverage_ratio,
        string_to_array(coverage.missing_symbols, ', ') as missing_symbols,
        run.limit_value,
        ceil(run.limit_value * coverage.enabled_count) - coverage.covered_count as needed_count,
        coverage.enabled_count > 0
        and coverage.covered_count >= run.limit_value * coverage.enabled_count as is_clear
    from run
    left join {{ ref('price_coverage') }} as coverage on coverage.run_id = run.run_id
)

select
    {{ verdict('data_quality', 'coverage', observed='coverage_ratio') }},
    case
        when limit_value is null then 'the policy names no coverage'
        when coalesce(enabled_count, 0) = 0 then
            'coverage is unknown: no enabled symbol was looked at'
        else format(
            '%s of %s enabled symbols have a bar on %s (%s, %s needed)%s',
            covered_count, enabled_count, as_of_date,
            {{ percent('coverage_ratio') }}, {{ percent('limit_value') }},
            case
                when cardinality(missing_symbols) > 0
                    then '; missing: ' || {{ first_five('missing_symbols') }}
                else ''
            end
        )
    end as reason,
    case
        when is_clear then ''
        when limit_value is null or coalesce(enabled_count, 0) = 0 then
            {{ read_log('build_prices') }}
        else format(
            'coverage %s: %s of %s needed',
            {{ percent('coverage_ratio') }}, case needed_count when 1 then 'one' else needed_count::text end,
            {{ first_five('missing_symbols') }}
        )
    end as fix
from compared
