"""
A desk ready to plan: its universe, policy, portfolio and the marts dbt would have built.

The marts are real tables with the columns the plan reads, filled by hand, so each test says what
dbt found.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.database.rows import AS_OF_DATE, SATURDAY_AT, add_load, set_clock
from trading_ops.config.policy import Policy, parse_policy
from trading_ops.db.connect import connect
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.plan.steps import rank_universe, size_orders
from trading_ops.runs.freeze import freeze
from trading_ops.runs.run import Run
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Universe, UniverseEntry

POLICY_TEXT = (PROJECT_ROOT / "config/policy.yml").read_text()
# Two names at 8 % of 10,000 with all the room they need.
SMALL = {"positions_count: 15": "positions_count: 2"}

MARTS = """
create table if not exists marts.reference_prices (
    run_id text, internal_symbol text, as_of_date date, close_usd numeric, previous_close_usd numeric,
    atr_14_usd numeric, is_tradable boolean, is_enabled boolean
);
create table if not exists marts.signals_momentum (run_id text, internal_symbol text, score numeric);
create table if not exists marts.fx_latest (run_id text, rate_date date, gbpusd_rate numeric);
create table if not exists marts.ledger_cash (run_id text, portfolio_id text, cash_gbp numeric, spendable_gbp numeric);
create table if not exists marts.ledger_positions (
    run_id text, portfolio_id text, internal_symbol text, units numeric, close_usd numeric, value_gbp numeric
);
create table if not exists marts.equity_daily (
    run_id text, portfolio_id text, session_date date, return_ratio numeric, drawdown_ratio numeric
);
create table if not exists marts.drawdown_daily (
    run_id text, portfolio_id text, session_date date, unreviewed_drawdown_ratio numeric
);
grant select on all tables in schema marts to desk_reader;
"""


def entry(symbol: str, **columns) -> UniverseEntry:
    """A tradable stock; `columns` overrides any field of it."""
    stock = UniverseEntry(
        internal_symbol=symbol,
        vendor_symbol=f"{symbol}.V",
        stooq_symbol=None,
        yahoo_symbol=None,
        etoro_search_name=f"{symbol} Inc",
        currency="USD",
        instrument_type="stock",
        is_benchmark=False,
        is_tradable_underlying=True,
        is_enabled=True,
    )
    return replace(stock, **columns)


UNIVERSE = Universe(tuple(map(entry, ("AAA", "BBB", "CCC", "DDD"))))


def policy_of(changes: dict[str, str] | None = None) -> Policy:
    """The committed policy with pieces of its text replaced; each piece must be there."""
    text = POLICY_TEXT
    for old, new in (changes or {}).items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_policy(text, "config/policy.yml")


def freeze_plan(
    desk: Settings,
    policy: Policy | None = None,
    *,
    universe: Universe = UNIVERSE,
    kind: str = "plan",
    as_of_date: date = AS_OF_DATE,
    key: str = "weekly_plan:1",
    image_digest: str | None = None,
) -> Run:
    """Freeze a run on a desk with a load and a simulated portfolio."""
    add_load(desk)
    policy = policy or policy_of(SMALL)
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, desk.portfolio_id, "simulated", policy)
        return freeze(
            connection,
            kind=kind,
            as_of_date=as_of_date,
            idempotency_key=key,
            policy=policy,
            universe=universe,
            image_digest=image_digest,
            config=desk,
        )


def build_marts(
    desk: Settings,
    run: Run,
    *,
    prices: dict[str, str | None] | None = None,
    scores: dict[str, str] | None = None,
    holdings: dict[str, tuple[str, str | None]] | None = None,
    cash_gbp: str | None = "10000",
    rate: str | None = "1.25",
    day: tuple[str | None, str | None] | None = ("0", "0"),
) -> None:
    """Fill the marts of a run: close, score, (units, value) and (return, drawdown) by hand."""
    prices = {row.internal_symbol: "100" for row in UNIVERSE.entries} if prices is None else prices
    scores = {"AAA": "4", "BBB": "3", "CCC": "2", "DDD": "1"} if scores is None else scores
    rows = {
        "reference_prices": [
            (symbol, run.as_of_date, close, close, "2", True, True)
            for symbol, close in prices.items()
            if close
        ],
        "signals_momentum": list(scores.items()),
        "fx_latest": [(run.as_of_date, rate)] if rate else [],
        "ledger_cash": [(run.portfolio_id, cash_gbp, cash_gbp)] if cash_gbp is not None else [],
        "ledger_positions": [
            (run.portfolio_id, symbol, units, prices.get(symbol), value)
            for symbol, (units, value) in (holdings or {}).items()
        ],
        "equity_daily": [(run.portfolio_id, run.as_of_date, *day)] if day else [],
        "drawdown_daily": [(run.portfolio_id, run.as_of_date, day[1])] if day else [],
    }
    with connect("desk_dbt", desk) as connection:
        connection.execute(MARTS)
        for table, values in rows.items():
            for value in values:
                columns = [
                    run.run_id,
                    *(Decimal(v) if isinstance(v, str) and _is_number(v) else v for v in value),
                ]
                connection.execute(
                    f"insert into marts.{table} values ({', '.join(['%s'] * len(columns))})", columns
                )


def on_saturday(desk: Settings) -> Settings:
    """Move the desk's clock to the Saturday its week is planned on."""
    set_clock(desk, SATURDAY_AT)
    return desk


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def call(step, desk, run, *arguments):
    """Run one step as its task does: its own connection as the planner."""
    with connect("desk_planner", desk) as connection:
        return step(connection, run.run_id, *arguments)


def sized(desk, run):
    """Rank and size."""
    call(rank_universe, desk, run)
    return call(size_orders, desk, run)


def table(desk, name: str) -> list[dict]:
    """Every row of a desk table."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(f"select * from desk.{name}").fetchall()
