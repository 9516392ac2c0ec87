-- Do the prices an order is sized at, their coverage, their state and the exchange rate agree with what is
-- published?
-- Red ends build_prices: no book is built, and the ticket is a NO-TRADE that names the step. No model hangs
-- on all that is read here, so none is skipped.
-- Says nothing about whether the prices are enough; the data quality gate does.
with coverage as (
    select * from {{ ref('price_coverage') }}
),

newest as (
    select
        publication.internal_symbol,
        publication.source,
        publication.as_of_date,
        price.session_date as newest_date,
        price.source as newest_source,
        of_the_day.as_traded_close_usd
    from {{ ref('price_publications') }} as publication
    left join lateral (
        select price.session_date, price.source
        from {{ ref('market_prices_eod') }} as price
        where price.internal_symbol = publication.internal_symbol
        order by price.session_date desc
        limit 1
    ) as price on true
    left join {{ ref('market_prices_eod') }} as of_the_day
        on of_the_day.internal_symbol = publication.internal_symbol
        and of_the_day.session_date = publication.as_of_date
),

compared as (
    select
        'the newest price is of the vendor it says' as identity,
        internal_symbol as subject,
        (newest_source = source)::integer::numeric as found,
        1::numeric as expected
    from newest
    where newest_date is not null

    union all

    select 'no price is newer than the run', internal_symbol, (newest_date <= as_of_date)::integer, 1
    from newest
    where newest_date is not null

    union all

    select 'the state is that of the run', publication.internal_symbol, count(coverage.run_id), 1
    from {{ ref('price_publications') }} as publication
    left join coverage
        on coverage.run_id = publication.run_id
        and coverage.as_of_date = publication.as_of_date
    group by publication.internal_symbol

    union all

    select
        'an order is sized at the published close',
        internal_symbol,
        reference.close_usd,
        newest.as_traded_close_usd
    from newest
    full join {{ ref('reference_prices') }} as reference using (internal_symbol)

    union all

    select
        'what is covered has a price',
        coverage.run_id,
        coverage.covered_count,
        (select count(*) from {{ ref('reference_prices') }} where is_enabled)
    from coverage

    union all

    select
        'what is not covered is named',
        run_id,
        cardinality(string_to_array(missing_symbols, ', ')),
        enabled_count - covered_count
    from coverage

    union all

    select
        'coverage is the share of what is covered',
        run_id,
        round(coverage_ratio * enabled_count, 6),
        covered_count
    from coverage
    where enabled_count > 0

    union all

    select 'orders and book use one exchange rate', fx.run_id, fx.gbpusd_rate, session.gbpusd_rate
    from {{ ref('fx_latest') }} as fx
    inner join coverage on coverage.run_id = fx.run_id
    inner join {{ ref('int_market__fx_by_session') }} as session
        on session.run_id = fx.run_id
        and session.session_date = coverage.as_of_date
)

select * from compared
where found is distinct from expected
