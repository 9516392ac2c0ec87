-- Is each momentum the return that the published prices give from 252 to 21 sessions ago?
-- It is computed beside them, and is ranked by only as long as both say the same: red ends build_book,
-- nothing is ranked, and the ticket is a NO-TRADE that names the step.
-- Says nothing while the prices of another run are published; the audit that held them back has said it.
with published as (
    select
        momentum.internal_symbol,
        momentum.score,
        (
            select price.adj_close_usd
            from {{ ref('market_prices_eod') }} as price
            where price.internal_symbol = momentum.internal_symbol
            order by price.session_date desc
            limit 1 offset 21
        ) as later_close_usd,
        (
            select price.adj_close_usd
            from {{ ref('market_prices_eod') }} as price
            where price.internal_symbol = momentum.internal_symbol
            order by price.session_date desc
            limit 1 offset 252
        ) as earlier_close_usd
    from {{ ref('signals_momentum') }} as momentum
    inner join {{ ref('price_publications') }} as publication
        on publication.run_id = momentum.run_id
        and publication.internal_symbol = momentum.internal_symbol
),

compared as (
    select
        'momentum is a return of the published prices' as identity,
        internal_symbol as subject,
        score as found,
        trim_scale(round(later_close_usd / earlier_close_usd - 1, 12)) as expected
    from published
)

select * from compared
where found is distinct from expected
