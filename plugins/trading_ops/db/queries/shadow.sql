-- name: copy_shadow_bars(run_id, first_date)
-- The adjusted closes of what may be bought, as the run saw them whose prices are published, for a model that only ranks.
copy (
    select price.internal_symbol, price.session_date, price.adj_close_usd as adj_close
    from marts.market_prices_eod as price
    inner join marts.price_publications as published
        on published.internal_symbol = price.internal_symbol
        and published.run_id = :run_id
    inner join desk.runs as run on run.run_id = published.run_id
    inner join desk.config_universe as universe
        on universe.universe_hash = run.universe_hash
        and universe.internal_symbol = price.internal_symbol
        and universe.is_enabled
        and universe.is_tradable_underlying
    where price.adj_close_usd > 0 and price.session_date > :first_date
    order by price.internal_symbol, price.session_date
) to stdout with (format csv, header);

-- name: ranked_symbols(run_id)
-- The symbols of a run from the best rank on.
select internal_symbol from desk.signals_ranked where run_id = :run_id order by signal_rank;
