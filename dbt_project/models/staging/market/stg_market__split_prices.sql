-- Prices as traded around the splits that are reported of holdings. A vendor that adjusts shows one where
-- the bar was the newest of its series when it was loaded: nothing had been taken off it yet. Where no bar
-- says it, what the desk itself paid does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

reports as (
    select * from {{ ref('stg_market__split_reports') }}
),

traded as (
    select distinct on (reports.internal_symbol, bar.session_date)
        reports.internal_symbol,
        bar.session_date,
        bar.close_price as price_usd,
        1 as price_rank
    from reports
    inner join run on run.run_id = reports.run_id
    inner join {{ ref('stg_market__ranges') }} as ranges on ranges.internal_symbol = reports.internal_symbol
    inner join {{ ref('stg_market__series') }} as series
        on series.internal_symbol = reports.internal_symbol
        and series.source = ranges.source
    inner join {{ source('market', 'eod_bars') }} as bar
        on bar.source = series.source
        and bar.vendor_symbol = series.vendor_symbol
        and bar.session_date between series.valid_from_date and series.valid_to_date
        and bar.session_date between reports.ex_date - 10 and reports.ex_date + 10
        and bar.load_id <= run.data_snapshot_id
        and bar.session_date <= run.as_of_date
    where bar.price_basis = 'raw'
        or not exists (
            select from {{ source('market', 'eod_bars') }} as later
            where later.source = bar.source
                and later.vendor_symbol = bar.vendor_symbol
                and later.session_date > bar.session_date
                and later.load_id <= bar.load_id
        )
    order by reports.internal_symbol asc, bar.session_date asc, bar.load_id desc
),

paid as (
    select
        fill.internal_symbol,
        (fill.executed_at at time zone 'America/New_York')::date as session_date,
        avg(fill.price_usd) as price_usd,
        2 as price_rank
    from {{ ref('stg_desk__fills') }} as fill
    where fill.reverses_fill_id is null
    group by fill.internal_symbol, (fill.executed_at at time zone 'America/New_York')::date
)

select distinct on (internal_symbol, session_date)
    run.run_id,
    internal_symbol,
    session_date,
    price_usd
from (
    select * from traded
    union all
    select * from paid
) as known
cross join run
order by internal_symbol, session_date, price_rank
