-- Is what a build published what its audit let through, no more and no less?
-- Red ends build_prices and holds back price_publications, the state the next build goes on from. The prices
-- are replaced by then; without their state the next build computes every history again, which mends them.
-- Says nothing about bars; the audit of the candidate and the data quality gate do.
with candidate as (
    select internal_symbol, count(*) as rows_count, sum(adj_close_usd) as closes_usd
    from {{ ref('int_market__prices_candidate') }}
    group by internal_symbol
),

-- From where its range begins: what lies before was asked when it was published.
published as (
    select
        ranges.internal_symbol,
        count(price.session_date) as rows_count,
        sum(price.adj_close_usd) as closes_usd,
        -- Both sides are rounded: to 16 decimals, and to 24.
        count(*) filter (
            where abs(price.as_traded_close_usd * price.total_return_factor - price.adj_close_usd)
                > 1e-9 * price.adj_close_usd
        ) as misadjusted_count
    from {{ ref('stg_market__ranges') }} as ranges
    inner join {{ ref('market_prices_eod') }} as price
        on price.internal_symbol = ranges.internal_symbol
        and price.session_date >= ranges.from_date
    group by ranges.internal_symbol
),

compared as (
    select
        'a symbol has the sessions of its candidate' as identity,
        internal_symbol as subject,
        coalesce(published.rows_count, 0)::numeric as found,
        coalesce(candidate.rows_count, 0)::numeric as expected
    from published
    full join candidate using (internal_symbol)

    union all

    select
        'a symbol has the closes of its candidate',
        internal_symbol,
        published.closes_usd,
        candidate.closes_usd
    from published
    full join candidate using (internal_symbol)

    union all

    select 'a symbol belongs to the universe', price.internal_symbol, count(*), 0
    from {{ ref('market_prices_eod') }} as price
    where not exists (
        select from {{ ref('stg_market__ranges') }} as ranges
        where ranges.internal_symbol = price.internal_symbol
    )
    group by price.internal_symbol

    union all

    select 'nothing is older than what can be compared', price.internal_symbol, count(*), 0
    from {{ ref('int_market__history_cuts') }} as cut
    inner join {{ ref('market_prices_eod') }} as price
        on price.internal_symbol = cut.internal_symbol
        and price.session_date < cut.cut_date
    group by price.internal_symbol

    union all

    select 'adjusted is as traded times the factor', internal_symbol, misadjusted_count, 0
    from published
)

select * from compared
where found is distinct from expected
