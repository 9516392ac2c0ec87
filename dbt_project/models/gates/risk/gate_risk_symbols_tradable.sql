-- Is everything bought an enabled underlying stock, and everything traded known and priced?
-- A symbol the universe disabled may be sold, never bought. Blocks when the universe of the run is
-- unknown, even with nothing to trade.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

universe as (
    select * from {{ ref('stg_desk__universe') }}
),

refused as (
    select
        positions.run_id,
        count(*) as symbols_count,
        string_agg(positions.internal_symbol, ', ' order by positions.internal_symbol) as symbols
    from {{ ref('int_risk__positions_after') }} as positions
    left join universe using (run_id, internal_symbol)
    left join {{ ref('reference_prices') }} as prices using (run_id, internal_symbol)
    where positions.line_number is not null
        and not coalesce(
            prices.close_usd is not null
            and (positions.side = 'SELL' or (universe.is_enabled and universe.is_tradable_underlying))
            and universe.internal_symbol is not null,
            false
        )
    group by positions.run_id
),

compared as (
    select
        run.run_id,
        case when exists (select from universe) then coalesce(refused.symbols_count, 0) end as refused_count,
        refused.symbols
    from run
    left join refused on refused.run_id = run.run_id
)

select
    {{ verdict(
        'risk', 'symbols_tradable',
        observed='refused_count', limit='0', is_clear='refused_count = 0'
    ) }},
    case
        when refused_count is null then 'the universe of this run is unknown'
        when refused_count = 0 then 'every symbol of the plan may be traded'
        else format('may not be traded, or has no price: %s', symbols)
    end as reason,
    case
        when refused_count is null then {{ read_log('freeze_inputs') }}
        when refused_count = 0 then ''
        else format('Correct %s in universe.csv or load its bar, and plan again.', symbols)
    end as fix
from compared
