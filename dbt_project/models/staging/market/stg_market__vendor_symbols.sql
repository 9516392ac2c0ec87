-- What each trusted vendor calls each instrument of the run's universe, and for which sessions.
-- An instrument with an alias at a vendor has only its aliases there, so a symbol that another
-- company had before is never joined to it. A null name means the vendor does not carry it.
with aliases as (
    select * from {{ ref('stg_desk__aliases') }}
),

named as (
    select
        universe.run_id,
        source_order.source,
        source_order.source_rank,
        universe.internal_symbol,
        case source_order.source
            when 'stooq' then universe.stooq_symbol
            when 'yahoo' then universe.yahoo_symbol
            else universe.vendor_symbol
        end as vendor_symbol,
        date '-infinity' as valid_from_date,
        date 'infinity' as valid_to_date
    from {{ ref('stg_desk__universe') }} as universe
    inner join {{ ref('stg_desk__source_order') }} as source_order on source_order.run_id = universe.run_id
    where not exists (
        select from aliases
        where aliases.source = source_order.source and aliases.internal_symbol = universe.internal_symbol
    )

    union all

    select
        aliases.run_id,
        aliases.source,
        source_order.source_rank,
        aliases.internal_symbol,
        aliases.vendor_symbol,
        aliases.valid_from_date,
        aliases.valid_to_date
    from aliases
    inner join {{ ref('stg_desk__source_order') }} as source_order
        on source_order.run_id = aliases.run_id
        and source_order.source = aliases.source
)

select
    run_id,
    source,
    source_rank,
    internal_symbol,
    case source
        when 'stooq' then regexp_replace(upper(vendor_symbol), '\.US$', '')
        else upper(vendor_symbol)
    end as vendor_symbol,
    valid_from_date,
    valid_to_date
from named
where vendor_symbol is not null
