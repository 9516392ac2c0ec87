-- What each trusted vendor calls each instrument of the run's universe.
-- A null name means the vendor does not carry it.
with named as (
    select
        universe.run_id,
        source_order.source,
        source_order.source_rank,
        universe.internal_symbol,
        case source_order.source
            when 'stooq' then regexp_replace(upper(universe.stooq_symbol), '\.US$', '')
            when 'yahoo' then upper(universe.yahoo_symbol)
            else upper(universe.vendor_symbol)
        end as vendor_symbol
    from {{ ref('stg_desk__universe') }} as universe
    inner join {{ ref('stg_desk__source_order') }} as source_order on source_order.run_id = universe.run_id
)

select *
from named
where vendor_symbol is not null
