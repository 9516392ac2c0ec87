-- One vendor's bars per instrument: the first vendor in the policy's order that has its newest bar.
-- Histories of two vendors are never mixed within an instrument, because their price bases differ.
with named as (
    select
        bar.*,
        symbol.internal_symbol,
        symbol.source_rank
    from {{ ref('stg_market__eod_bars') }} as bar
    inner join {{ ref('stg_market__vendor_symbols') }} as symbol
        on symbol.run_id = bar.run_id
        and symbol.source = bar.source
        and symbol.vendor_symbol = bar.vendor_symbol
),

series as (
    select
        internal_symbol,
        source,
        source_rank,
        max(session_date) as newest_date
    from named
    group by internal_symbol, source, source_rank
),

chosen as (
    select distinct on (internal_symbol)
        internal_symbol,
        source
    from series
    order by internal_symbol, newest_date desc, source_rank
),

judged as (
    select
        named.*,
        -- NaN is above everything in numeric, so each comparison below refuses it as well.
        not (
            named.low_price > 0
            and named.low_price <= least(named.open_price, named.close_price)
            and named.high_price >= greatest(named.open_price, named.close_price)
            and named.high_price < 'Infinity'
            and named.volume_units >= 0
            and named.volume_units < 'Infinity'
            and (
                named.price_basis <> 'split_adjusted'
                or coalesce(named.adj_close_price > 0 and named.adj_close_price < 'Infinity', false)
            )
        ) as is_broken
    from named
    inner join chosen on chosen.internal_symbol = named.internal_symbol and chosen.source = named.source
)

select
    run_id,
    internal_symbol,
    source,
    vendor_symbol,
    session_date,
    price_basis,
    open_price,
    high_price,
    low_price,
    close_price,
    adj_close_price,
    volume_units,
    unadjusted_close_price,
    newest_session_date,
    is_broken,
    -- Counts the sound bars of an instrument from its first one; broken ones are not read further.
    row_number() over (partition by internal_symbol, is_broken order by session_date) as bar_number
from judged
