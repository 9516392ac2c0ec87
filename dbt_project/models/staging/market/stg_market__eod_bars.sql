-- The bars of the universe as the run may see them: the newest version of each that was loaded by
-- its data snapshot, up to its as_of_date, from where the range of its symbol begins. Of the vendors
-- a symbol is not read from there is the window only.
-- What a series says about its own end is taken before the cut at as_of_date, because prices that a
-- vendor adjusted back from its newest bar can only be read with that bar in mind.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

series as (
    select
        symbol.run_id,
        symbol.source,
        symbol.vendor_symbol,
        greatest(
            symbol.valid_from_date,
            case when ranges.source = symbol.source then ranges.from_date else ranges.window_start_date end
        ) as first_date,
        symbol.valid_to_date as last_date
    from {{ ref('stg_market__vendor_symbols') }} as symbol
    inner join {{ ref('stg_market__ranges') }} as ranges using (run_id, internal_symbol)
),

known as (
    -- Twice where two instruments had one vendor symbol; what follows takes one of them.
    select
        run.run_id,
        run.as_of_date,
        bar.*
    from run
    inner join series on series.run_id = run.run_id
    inner join {{ source('market', 'eod_bars') }} as bar
        on bar.source = series.source
        and bar.vendor_symbol = series.vendor_symbol
        and bar.session_date between series.first_date and series.last_date
        and bar.load_id <= run.data_snapshot_id
),

newest_versions as (
    -- The order of the primary key, backwards, so that it can be read off the index.
    select distinct on (source, vendor_symbol, session_date) *
    from known
    order by source desc, vendor_symbol desc, session_date desc, load_id desc
),

series_ends as (
    select source, vendor_symbol, max(session_date) as newest_session_date
    from newest_versions
    group by source, vendor_symbol
),

fully_adjusted as (
    select
        source,
        vendor_symbol,
        session_date,
        load_id,
        close_price,
        max(session_date) over (
            partition by source, vendor_symbol order by load_id
        ) as newest_at_load_date
    from known
    where price_basis = 'fully_adjusted'
),

-- On the day a fully adjusted bar was the newest of its series nothing had been taken off it yet:
-- that version, and no other, is the price as traded.
unadjusted as (
    select distinct on (source, vendor_symbol, session_date)
        source,
        vendor_symbol,
        session_date,
        close_price as unadjusted_close_price
    from fully_adjusted
    where session_date = newest_at_load_date
    order by source, vendor_symbol, session_date, load_id desc
)

select
    bar.run_id,
    bar.source,
    bar.vendor_symbol,
    bar.session_date,
    bar.price_basis,
    bar.open_price,
    bar.high_price,
    bar.low_price,
    bar.close_price,
    bar.adj_close_price,
    bar.volume_units,
    load.known_at,
    unadjusted.unadjusted_close_price,
    series_ends.newest_session_date
from newest_versions as bar
inner join {{ source('market', 'loads') }} as load on load.load_id = bar.load_id
inner join series_ends
    on series_ends.source = bar.source
    and series_ends.vendor_symbol = bar.vendor_symbol
left join unadjusted
    on unadjusted.source = bar.source
    and unadjusted.vendor_symbol = bar.vendor_symbol
    and unadjusted.session_date = bar.session_date
where bar.session_date <= bar.as_of_date
