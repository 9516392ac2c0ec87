"""
Published prices of any size, as dbt would have left them, without a day of loading.

Sine waves as traded, with a dividend every quarter, so that factors have as many digits as real ones.
"""

from datetime import date

from tests.database.rows import add_load
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.freeze import freeze
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Universe, UniverseEntry

BENCHMARK = "BNCH"
LAST = date(2026, 6, 12)

_TABLES = """
create table if not exists marts.market_prices_eod (
    internal_symbol text, session_date date,
    as_traded_open_usd numeric, as_traded_high_usd numeric, as_traded_low_usd numeric, as_traded_close_usd numeric,
    as_traded_volume_units numeric, split_factor numeric, total_return_factor numeric,
    adj_open_usd numeric, adj_high_usd numeric, adj_low_usd numeric, adj_close_usd numeric, adj_volume_units numeric,
    source text, price_basis text, primary key (internal_symbol, session_date)
);
create table if not exists marts.price_publications (internal_symbol text primary key, run_id text);
grant select on all tables in schema marts to desk_reader;
"""

_BARS = """
insert into marts.market_prices_eod
select
    symbol, session_date, close - 0.11, close + 1.07, close - 1.13, close, 1000000 + number, 1, factor,
    trim_scale(round((close - 0.11) * factor, 16)), trim_scale(round((close + 1.07) * factor, 16)),
    trim_scale(round((close - 1.13) * factor, 16)), trim_scale(round(close * factor, 16)), 1000000 + number,
    'simulated', 'raw'
from (
    select
        symbol, session_date, number,
        round((100 + 20 * sin(number / 25.0 + length(symbol) + ascii(right(symbol, 1))))::numeric, 2) as close,
        trim_scale(round(0.99517::numeric ^ (div(count(*) over (partition by symbol) - number, 63))::integer, 24))
            as factor
    from unnest(%(symbols)s::text[]) as symbol
    cross join unnest(%(days)s::date[]) with ordinality as day (session_date, number)
) as traded
order by symbol, session_date
"""


def universe_of(symbols: list[str], **columns) -> Universe:
    """Return stocks that may be bought, unless `columns` says otherwise, and the benchmark."""
    stock = {"instrument_type": "stock", "is_benchmark": False, "is_tradable_underlying": True}
    index = {"instrument_type": "index", "is_benchmark": True, "is_tradable_underlying": False}
    return Universe(
        tuple(
            UniverseEntry(
                internal_symbol=symbol,
                vendor_symbol=symbol,
                stooq_symbol=None,
                yahoo_symbol=None,
                etoro_search_name=symbol,
                currency="USD",
                is_enabled=True,
                **kind,
            )
            for symbol, kind in [*((symbol, {**stock, **columns}) for symbol in symbols), (BENCHMARK, index)]
        )
    )


def freeze_run(
    desk: Settings,
    universe: Universe,
    as_of: date = LAST,
    key: str = "",
    kind: str = "daily",
    method: str = "momentum_12_1",
) -> str:
    """Freeze a run on the morning after a session, ranked by a method, and return its run_id."""
    text = (PROJECT_ROOT / "config/policy.yml").read_text()
    assert "method: momentum_12_1" in text
    policy = parse_policy(text.replace("method: momentum_12_1", f"method: {method}"), "config/policy.yml")
    add_load(desk, "published")
    with connect("desk_planner", desk) as connection:
        due_at = sessions.daily_run_at(as_of)
        connection.execute("select desk.set_simulated_now(greatest(desk.now(), %s))", (due_at,))
        ensure_portfolio(connection, desk.portfolio_id, "simulated", policy)
        run = freeze(
            connection,
            kind=kind,
            as_of_date=as_of,
            idempotency_key=f"{as_of} {kind} {key}",
            policy=policy,
            universe=universe,
            config=desk,
        )
    return run.run_id


def publish(desk: Settings, run_id: str, symbols: list[str], sessions_count: int, last: date = LAST) -> None:
    """Publish that many sessions of each symbol for a run, in place of what was published."""
    days = sessions.sessions_between(sessions.FIRST_DATE, last)[-sessions_count:]
    with connect("desk_dbt", desk) as connection:
        connection.execute(_TABLES)
        connection.execute("truncate marts.market_prices_eod, marts.price_publications")
        connection.execute(_BARS, {"symbols": symbols, "days": list(days)})
        connection.execute(
            "insert into marts.price_publications select unnest(%s::text[]), %s", (symbols, run_id)
        )
    with connect("desk_dbt", desk) as connection:
        connection.autocommit = True
        connection.execute("vacuum analyze marts.market_prices_eod")
