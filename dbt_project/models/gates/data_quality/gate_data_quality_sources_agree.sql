-- Do two vendors that carry a symbol give the same returns, and the same newest close?
-- Blocks when the vendors differ by more than the policy allows, when no close was looked at, or when the
-- policy names no difference.
-- A symbol of one vendor is clear: there is no second opinion, and the reason says how many those are. Which
-- of two vendors is right is for a person to find out.
with run as (
    select *, {{ policy_limit('data_quality.source_disagreement_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

counted as (
    select
        run_id,
        count(distinct internal_symbol) as symbols_count
    from {{ ref('int_market__source_closes') }}
    group by run_id
),

compared as (
    select comparison.*, comparison.difference_ratio > run.limit_value as is_apart
    from {{ ref('int_market__source_comparisons') }} as comparison
    inner join run on run.run_id = comparison.run_id
),

summed as (
    select
        run_id,
        count(distinct internal_symbol) as compared_count,
        max(difference_ratio) as largest_ratio
    from compared
    group by run_id
),

-- Of each symbol the difference that says most.
apart as (
    select distinct on (internal_symbol) *
    from compared
    where is_apart
    order by
        internal_symbol asc, difference_ratio desc, session_date desc, kind asc, source asc, other_source asc
),

named as (
    select
        run_id,
        array_agg(
            case kind
                when 'return' then format(
                    '%s on %s: %s moves %s, %s %s',
                    internal_symbol, session_date, source, {{ percent('observed_value') }},
                    other_source, {{ percent('other_value') }}
                )
                else format(
                    '%s on %s: %s closes at %s, %s at %s',
                    internal_symbol, session_date, source, {{ plain('observed_value') }},
                    other_source, {{ plain('other_value') }}
                )
            end
            order by difference_ratio desc, internal_symbol
        ) as differences,
        array_agg(
            format('%s of %s (%s and %s)', internal_symbol, session_date, source, other_source)
            order by difference_ratio desc, internal_symbol
        ) as files
    from apart
    group by run_id
),

weighed as (
    select
        run.run_id,
        run.limit_value,
        counted.symbols_count,
        coalesce(summed.compared_count, 0) as compared_count,
        summed.largest_ratio,
        named.differences,
        named.files,
        coalesce(counted.symbols_count > 0 and run.limit_value is not null, false) as is_searched
    from run
    left join counted on counted.run_id = run.run_id
    left join summed on summed.run_id = run.run_id
    left join named on named.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'sources_agree',
        observed='largest_ratio', is_clear='is_searched and differences is null'
    ) }},
    case
        when limit_value is null then 'the policy names no difference between sources'
        when not is_searched then 'no close of any source was looked at'
        when differences is not null then format(
            'sources differ by more than %s: %s',
            {{ percent('limit_value') }}, {{ first_five('differences', '; ') }}
        )
        when compared_count = 0 then format('%s symbols have one source only', symbols_count)
        else format(
            '%s symbols agree within %s, %s have one source only',
            compared_count, {{ percent('limit_value') }}, symbols_count - compared_count
        )
    end as reason,
    case
        when not is_searched then {{ read_log('build_prices') }}
        when differences is null then ''
        else format(
            'Compare the files of %s with a third source and load the wrong one corrected.',
            {{ first_five('files', '; ') }}
        )
    end as fix
from weighed
