-- How far the bars of each vendor's name reach, found without reading its history.
-- The newest bar is looked for twice: up to as_of_date, which decides on the vendor, and in all the
-- data snapshot, because only the last bar a vendor has can be an unfinished one.
with run as (
    select * from {{ ref('stg_desk__runs') }}
)

select
    run.run_id,
    symbol.internal_symbol,
    symbol.source,
    symbol.source_rank,
    symbol.vendor_symbol,
    symbol.valid_from_date,
    symbol.valid_to_date,
    newest.session_date as newest_date,
    newest_known.session_date as newest_known_date,
    case when usual.volumes_count = 20 then usual.volume_units end as usual_volume_units
from run
inner join {{ ref('stg_market__vendor_symbols') }} as symbol on symbol.run_id = run.run_id
left join lateral (
    select bar.session_date
    from {{ source('market', 'eod_bars') }} as bar
    where bar.source = symbol.source
        and bar.vendor_symbol = symbol.vendor_symbol
        and bar.session_date between symbol.valid_from_date and least(symbol.valid_to_date, run.as_of_date)
        and bar.load_id <= run.data_snapshot_id
    order by bar.session_date desc
    limit 1
) as newest on true
left join lateral (
    select bar.session_date
    from {{ source('market', 'eod_bars') }} as bar
    where bar.source = symbol.source
        and bar.vendor_symbol = symbol.vendor_symbol
        and bar.session_date between symbol.valid_from_date and symbol.valid_to_date
        and bar.load_id <= run.data_snapshot_id
    order by bar.session_date desc
    limit 1
) as newest_known on true
left join lateral (
    select
        percentile_disc(0.5) within group (order by before.volume_units) as volume_units,
        count(*) as volumes_count
    from (
        select distinct on (bar.session_date) bar.volume_units
        from {{ source('market', 'eod_bars') }} as bar
        where bar.source = symbol.source
            and bar.vendor_symbol = symbol.vendor_symbol
            and bar.session_date >= symbol.valid_from_date
            and bar.session_date < newest_known.session_date
            and bar.load_id <= run.data_snapshot_id
        order by bar.session_date desc, bar.load_id desc
        limit 20
    ) as before
) as usual on true
