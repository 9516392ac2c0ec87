-- Does the run's universe have an enabled symbol?
-- Blocks when it has none: 0 of 0 symbols would otherwise be a full coverage.
-- Says nothing about their bars; gate_data_quality_coverage does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

counted as (
    select run.run_id, count(universe.internal_symbol)
        filter (where universe.is_enabled) as enabled_count
    from run
    left join {{ ref('stg_desk__universe') }} as universe on universe.run_id = run.run_id
    group by run.run_id
)

select
    {{ verdict(
        'data_quality', 'universe_not_empty',
        observed='enabled_count', limit='1', is_clear='enabled_count > 0'
    ) }},
    case enabled_count
        when 0 then 'the universe has no enabled symbol'
        else format('the universe has %s enabled symbols', enabled_count)
    end as reason,
    case enabled_count
        when 0 then 'Enable a row of universe.csv, or a symbol with `trading-ops universe enable`.'
        else ''
    end as fix
from counted
