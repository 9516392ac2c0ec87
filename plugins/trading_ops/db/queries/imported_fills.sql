-- name: record_fills(request)$
-- Takes in fills of another executor; the same key and body again gives the same id.
select desk.record_fills(:request);

-- name: fills_count(portfolio_id)$
-- How many fills a portfolio has by now, each once.
select count(*) from desk.imported_fills_known where portfolio_id = :portfolio_id;

-- name: portfolios()
-- Each portfolio of imported fills with what is in it.
select
    fill.portfolio_id, count(*) as fills_count, count(distinct (market, order_id)) as orders_count,
    string_agg(distinct market, ', ' order by market) as markets,
    min(executed_at) as first_at, max(executed_at) as last_at
from desk.imported_fills_known as fill
group by fill.portfolio_id
order by fill.portfolio_id;

-- name: imports(portfolio_id)
-- The files a portfolio was made of, each once, the newest first.
select file_name, source, sum(fills_count) as fills_count, person, min(recorded_at) as recorded_at
from desk.fill_imports
where portfolio_id = :portfolio_id
group by file_name, file_sha256, source, person
order by min(recorded_at) desc, file_name;

-- name: balances(portfolio_id)
-- What the fills of a portfolio added up to, per asset.
select asset, balance, unknown_fees_count, inexact_count
from desk.imported_balances
where portfolio_id = :portfolio_id
order by asset;
