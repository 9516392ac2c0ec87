-- name: read_one_snapshot()!
-- First statement of a transaction whose statements all see the same rows; nothing is written.
set transaction isolation level repeatable read, read only;

-- name: published_run_ids()
-- The runs whose prices are published.
select distinct run_id from marts.price_publications order by run_id;

-- name: membership_spans(run_id)
-- Who belonged to what may be bought, session by session, as the runs of the portfolio up to this one were frozen.
-- The newest run of a session speaks for it. A span has no start where it began before the first run,
-- and no end where it goes on.
with this as (
    select * from desk.runs where run_id = :run_id
),

known as (
    select distinct on (run.as_of_date)
        run.as_of_date,
        run.universe_hash
    from desk.runs as run
    inner join this
        on this.portfolio_id = run.portfolio_id
        and run.as_of_date <= this.as_of_date
        and (run.frozen_at, run.run_id) <= (this.frozen_at, this.run_id)
    order by run.as_of_date asc, run.frozen_at desc, run.run_id desc
),

numbered as (
    select
        as_of_date,
        universe_hash,
        row_number() over (order by as_of_date) as known_number,
        count(*) over () as known_count
    from known
),

members as (
    select
        universe.internal_symbol,
        numbered.*,
        -- Equal as long as no session is left out.
        numbered.known_number
        - row_number() over (partition by universe.internal_symbol order by numbered.known_number) as span_number
    from numbered
    inner join desk.config_universe as universe
        on universe.universe_hash = numbered.universe_hash
        and universe.is_enabled
        and universe.is_tradable_underlying
)

select
    internal_symbol as symbol,
    nullif(min(as_of_date), min(as_of_date) filter (where known_number = 1)) as start_date,
    nullif(max(as_of_date), max(as_of_date) filter (where known_number = known_count)) as end_date
from members
group by internal_symbol, span_number
order by internal_symbol, min(as_of_date);

-- name: benchmark_symbol(run_id)$
-- What the run's universe is compared with; null when it names none.
select universe.internal_symbol
from desk.runs as run
inner join desk.config_universe as universe
    on universe.universe_hash = run.universe_hash and universe.is_benchmark
where run.run_id = :run_id;

-- name: first_published_bars(symbols)
-- The oldest published bar of each of the symbols that has one.
select symbol.internal_symbol, oldest.session_date, oldest.total_return_factor, oldest.adj_close_usd
from unnest(:symbols::text[]) as symbol (internal_symbol)
cross join lateral (
    select *
    from marts.market_prices_eod as price
    where price.internal_symbol = symbol.internal_symbol
    order by price.session_date limit 1
) as oldest;

-- name: traded_bars(internal_symbol)$
-- A symbol's bars as traded, and their total return factors, as the text of a csv.
-- One text, because a row at a time costs the client more than the rest of the export; concat_ws would leave out a null.
select
    string_agg(
        concat_ws(
            ',', session_date, coalesce(as_traded_open_usd, 'NaN'), coalesce(as_traded_high_usd, 'NaN'),
            coalesce(as_traded_low_usd, 'NaN'), coalesce(as_traded_close_usd, 'NaN'),
            coalesce(as_traded_volume_units, 'NaN'), coalesce(total_return_factor, 'NaN')
        ),
        e'\n' order by session_date
    )
from marts.market_prices_eod
where internal_symbol = :internal_symbol;

-- name: adjusted_bars(internal_symbol, first_close_usd)$
-- The same of bars whose prices as traded nobody knows: in units of its first close, with a factor of one.
select
    string_agg(
        concat_ws(
            ',', session_date, coalesce(adj_open_usd / :first_close_usd, 'NaN'),
            coalesce(adj_high_usd / :first_close_usd, 'NaN'), coalesce(adj_low_usd / :first_close_usd, 'NaN'),
            coalesce(adj_close_usd / :first_close_usd, 'NaN'), coalesce(adj_volume_units * :first_close_usd, 'NaN'), 1
        ),
        e'\n' order by session_date
    )
from marts.market_prices_eod
where internal_symbol = :internal_symbol;

-- name: calendar_from(run_id, first_date, known_days_count)
-- The sessions of the run's calendar from a day on, to some days after its as-of date.
select calendar.session_date
from desk.runs as run
inner join desk.calendar_sessions as calendar on calendar.calendar_hash = run.calendar_hash
where run.run_id = :run_id
    and calendar.session_date between :first_date and run.as_of_date + :known_days_count::integer
order by calendar.session_date;

-- name: session_close_at(run_id)$
-- The instant the run's as-of session closed.
select calendar.close_at
from desk.runs as run
inner join desk.calendar_sessions as calendar
    on calendar.calendar_hash = run.calendar_hash and calendar.session_date = run.as_of_date
where run.run_id = :run_id;

-- name: symbols_to_score(run_id)
-- What the run may buy and has a published bar of its as-of session.
select universe.internal_symbol
from desk.runs as run
inner join desk.config_universe as universe
    on universe.universe_hash = run.universe_hash
    and universe.is_enabled
    and universe.is_tradable_underlying
inner join marts.market_prices_eod as price
    on price.internal_symbol = universe.internal_symbol and price.session_date = run.as_of_date
where run.run_id = :run_id
order by universe.internal_symbol collate "C";
