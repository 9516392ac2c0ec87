"""
Rows for database tests: the smallest true desk a test can stand on.

Each function inserts as the role that does it in production, except a gate's verdict, which only
a superuser can write by hand. The dates are one real week: as-of Friday 12 June 2026, executed
on Monday 15 June.
"""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import yaml
from psycopg.rows import dict_row

from trading_ops.db.connect import connect, queries
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack import postgres as embedded

PORTFOLIO = "demo"
GATES = ("data_quality", "confirmation", "reconciliation", "risk")
AS_OF_DATE = date(2026, 6, 12)
PLAN_WEEK = "2026-W25"
SATURDAY_AT = datetime(2026, 6, 13, 8, 0, tzinfo=UTC)
WINDOW_OPEN_AT = datetime(2026, 6, 15, 13, 45, tzinfo=UTC)
WINDOW_CLOSE_AT = datetime(2026, 6, 15, 15, 0, tzinfo=UTC)
DEADLINE_AT = datetime(2026, 6, 15, 21, 0, tzinfo=UTC)
SYMBOLS = {"ALDR": "Alder Instruments", "BRCH": "Birch Energy", "CEDR": "Cedar Foods"}
BENCHMARK = "SIMX"
_POLICY_TEXT = json.dumps(yaml.safe_load((PROJECT_ROOT / "config/policy.yml").read_text()), sort_keys=True)


def superuser(desk: Settings) -> psycopg.Connection:
    """Open a superuser connection to the desk's database, each statement its own transaction."""
    return psycopg.connect(
        embedded._admin_conninfo(desk, desk.db_name), autocommit=True, row_factory=dict_row
    )


def set_clock(desk: Settings, now_at: datetime) -> None:
    """Move the simulated clock forward to an instant."""
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.set_simulated_now(%s)", (now_at,))


def add_load(desk: Settings, key: str = "load-1", rows_new_count: int = 0) -> int:
    """Insert a load that says it stored so many bars; return its load_id, the watermark a run points at."""
    with connect("desk_loader", desk) as connection:
        return insert_load(connection, key, rows_new_count)


def insert_load(connection, key: str, rows_new_count: int = 0) -> int:
    """Insert a load in the caller's transaction, once per key, and return its load_id."""
    connection.execute(
        """
        insert into raw.loads (
            source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count,
            files_refused_count, started_at
        ) values ('simulated', %s, %s, 0, 0, 0, desk.now())
        on conflict (idempotency_key) do nothing
        """,
        (key, rows_new_count),
    )
    return connection.execute("select load_id from raw.loads where idempotency_key = %s", (key,)).fetchone()[
        "load_id"
    ]


def add_policy(desk: Settings) -> str:
    """Store and activate config/policy.yml with its numbers as limits; return its hash."""
    with connect("desk_planner", desk) as connection:
        return queries.runs.adopt_policy(connection, text=_POLICY_TEXT)


def add_universe(desk: Settings, symbols: dict[str, str] | None = None) -> str:
    """Store and activate a universe of symbol -> eToro search name, plus the benchmark."""
    symbols = symbols or SYMBOLS
    universe_hash = _sha256(json.dumps(symbols, sort_keys=True))
    with connect("desk_planner", desk) as connection:
        if connection.execute(
            "insert into desk.universe_versions (universe_hash) values (%s) on conflict do nothing returning 1",
            (universe_hash,),
        ).fetchone():
            for symbol, name in [*symbols.items(), (BENCHMARK, "Simulated Index")]:
                is_stock = symbol != BENCHMARK
                kind = "stock" if is_stock else "index"
                connection.execute(
                    """
                    insert into desk.config_universe (
                        universe_hash, internal_symbol, vendor_symbol, etoro_search_name, currency,
                        instrument_type, is_benchmark, is_tradable_underlying, is_enabled
                    ) values (%s, %s, %s, %s, 'USD', %s, %s, %s, true)
                    """,
                    (universe_hash, symbol, symbol, name, kind, not is_stock, is_stock),
                )
        connection.execute("select desk.activate_universe(%s)", (universe_hash,))
    return universe_hash


def add_calendar(desk: Settings) -> str:
    """Store two years of weekdays as sessions, from 9:30 to 16:00 New York; return their hash."""
    calendar_hash = _sha256("calendar")
    with connect("desk_planner", desk) as connection:
        connection.execute(
            """
            insert into desk.calendar_sessions (calendar_hash, session_date, open_at, close_at, expected_at)
            select
                %s, day::date,
                (day + interval '9 hours 30 minutes') at time zone 'America/New_York',
                (day + interval '16 hours') at time zone 'America/New_York',
                (day + interval '22 hours') at time zone 'America/New_York'
            from generate_series(timestamp '2026-01-01', timestamp '2027-12-31', interval '1 day') as day
            where extract(isodow from day) < 6
            on conflict do nothing
            """,
            (calendar_hash,),
        )
    return calendar_hash


def add_portfolio(desk: Settings, portfolio_id: str = PORTFOLIO, kind: str = "simulated") -> str:
    """Create a portfolio without any money in it."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "insert into desk.portfolios (portfolio_id, kind, base_currency) values (%s, %s, 'GBP')"
            " on conflict do nothing",
            (portfolio_id, kind),
        )
    return portfolio_id


def add_run(
    desk: Settings, *, kind: str = "plan", weeks: int = 0, attempt: int = 1, run_id: str = "", **columns
) -> str:
    """
    Freeze a run and everything it points at; return its run_id.

    `weeks` shifts the as-of date, the freeze, the plan week and the window by whole weeks;
    `columns` overrides any column of desk.runs.
    """
    shift = timedelta(weeks=weeks)
    as_of_date = AS_OF_DATE + shift
    is_plan = kind == "plan"
    year, week, _ = (WINDOW_OPEN_AT + shift).isocalendar()
    row = {
        "run_id": run_id
        or f"{as_of_date:%Y%m%d}-{80000 + weeks * 100 + attempt + 50 * (not is_plan):06d}Z-git0123456",
        "portfolio_id": add_portfolio(desk),
        "kind": kind,
        "idempotency_key": f"{kind}:{as_of_date}:{attempt}",
        "as_of_date": as_of_date,
        "plan_week": f"{year}-W{week:02d}" if is_plan else None,
        "attempt_number": attempt,
        "data_snapshot_id": add_load(desk),
        "policy_hash": add_policy(desk),
        "universe_hash": add_universe(desk),
        "calendar_hash": add_calendar(desk),
        "config_hash": _sha256("config"),
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "is_dirty": False,
        "signal_method": "momentum_12_1",
        "window_open_at": WINDOW_OPEN_AT + shift if is_plan else None,
        "window_close_at": WINDOW_CLOSE_AT + shift if is_plan else None,
        "deadline_at": DEADLINE_AT + shift if is_plan else None,
        **({"frozen_at": SATURDAY_AT + shift} if weeks else {}) | columns,
    }
    with connect("desk_planner", desk) as connection:
        _insert(connection, "desk.runs", row)
    return row["run_id"]


def add_plan_run(desk: Settings, **columns) -> str:
    """Freeze a plan run (see add_run)."""
    return add_run(desk, kind="plan", **columns)


def pass_gate(desk: Settings, run_id: str, gate: str) -> None:
    """Write a PASS of one gate, every required check clear."""
    _judge(desk, run_id, gate, failing={})


def fail_gate(desk: Settings, run_id: str, gate: str, check_name: str, reason: str, fix: str) -> None:
    """Write a FAIL of one gate, one required check not clear."""
    _judge(desk, run_id, gate, failing={check_name: (reason, fix)})


def pass_all_gates(desk: Settings, run_id: str) -> None:
    """Write a PASS of all four gates."""
    for gate in GATES:
        pass_gate(desk, run_id, gate)


def add_intended(
    desk: Settings, run_id: str, line_number: int, symbol: str, side: str = "BUY", **columns
) -> None:
    """Insert one intended trade of 500.00 GBP at 100 USD; `columns` overrides any column."""
    row = {
        "run_id": run_id,
        "line_number": line_number,
        "internal_symbol": symbol,
        "side": side,
        "value_gbp": Decimal("500.00"),
        "units_estimate": Decimal("6.25"),
        "is_full_exit": False,
        "reference_price_usd": Decimal("100.00"),
        "price_limit_usd": Decimal("103.00") if side == "BUY" else Decimal("97.00"),
        "gbpusd_rate": Decimal("1.25"),
        **columns,
    }
    with connect("desk_planner", desk) as connection:
        _insert(connection, "desk.ledger_trades_intended", row)


def decide(desk: Settings, run_id: str, reasons: list | None = None) -> None:
    """Insert the decision: approved without reasons, blocked with them."""
    reasons = reasons or []
    with connect("desk_planner", desk) as connection:
        _insert(
            connection,
            "desk.decisions",
            {"run_id": run_id, "is_approved": not reasons, "reasons": json.dumps(reasons)},
        )


def add_approved_run(desk: Settings, symbols=("ALDR", "BRCH"), **columns) -> str:
    """A plan run with a BUY per symbol, every gate passed and the decision approved."""
    run_id = add_plan_run(desk, **columns)
    for number, symbol in enumerate(symbols, start=1):
        add_intended(desk, run_id, number, symbol)
    pass_all_gates(desk, run_id)
    decide(desk, run_id)
    return run_id


def ticket_row(desk: Settings, run_id: str, kind: str = "TRADE", **columns) -> dict:
    """A row for desk.tickets as raw SQL would write it; `columns` overrides any column."""
    with connect("desk_planner", desk) as connection:
        run = connection.execute("select * from desk.runs where run_id = %s", (run_id,)).fetchone()
        lines = connection.execute(
            """
            select
                line_number, etoro_search_name, internal_symbol, side, value_gbp::text, units_estimate::text,
                is_full_exit, price_limit_usd::text
            from desk.ledger_trades_intended
            inner join desk.runs using (run_id)
            inner join desk.config_universe using (universe_hash, internal_symbol)
            where run_id = %s order by line_number
            """,
            (run_id,),
        ).fetchall()
    ticket_id = columns.get("ticket_id", f"{run['portfolio_id']}-{run['plan_week']}-{run['attempt_number']}")
    window = {"open": "window_open_at", "close": "window_close_at", "deadline": "deadline_at"}
    body = json.dumps(
        {
            "ticket_id": ticket_id,
            "kind": kind,
            "portfolio_id": run["portfolio_id"],
            "run": {"run_id": run_id},
            "window": {name: {"at": run[column].isoformat()} for name, column in window.items()},
            "lines": lines if kind == "TRADE" else [],
        }
    )
    return {
        "ticket_id": ticket_id,
        "run_id": run_id,
        "portfolio_id": run["portfolio_id"],
        "plan_week": run["plan_week"],
        "kind": kind,
        "reasons": json.dumps([] if kind == "TRADE" else ["because"]),
        "body_json": body,
        "body_markdown": body,
        "content_sha256": _sha256(body),
        "window_open_at": run["window_open_at"],
        "window_close_at": run["window_close_at"],
        "deadline_at": run["deadline_at"],
        **columns,
    }


def insert_ticket(connection: psycopg.Connection, row: dict, line_numbers=()) -> None:
    """Insert a ticket row and its lines on a caller's connection, committing nothing."""
    _insert(connection, "desk.tickets", row)
    for number in line_numbers:
        insert_line(connection, row, number)


def insert_line(connection: psycopg.Connection, row: dict, line_number: int) -> None:
    """Insert one line of a ticket on a caller's connection, with the name its symbol has in the universe."""
    said = {line["line_number"]: line for line in json.loads(row["body_json"])["lines"]}
    name = said[line_number]["etoro_search_name"] if line_number in said else "Alder Instruments"
    _insert(
        connection,
        "desk.ticket_lines",
        {
            "ticket_id": row["ticket_id"],
            "line_number": line_number,
            "run_id": row["run_id"],
            "etoro_search_name": name,
            "order_type": "MARKET",
        },
    )


def add_trade_ticket(desk: Settings, symbols=("ALDR", "BRCH"), **columns) -> str:
    """An approved run with its TRADE ticket committed; return the ticket_id."""
    run_id = add_approved_run(desk, symbols, **columns)
    row = ticket_row(desk, run_id)
    with connect("desk_planner", desk) as connection:
        insert_ticket(connection, row, range(1, len(symbols) + 1))
    return row["ticket_id"]


def confirm_line(desk: Settings, ticket_id: str, line_number: int, status: str = "SKIPPED", fills=()) -> None:
    """Confirm one line through the database function the page uses."""
    request = {
        "ticket_id": ticket_id,
        "line_number": line_number,
        "status": status,
        "notes": "",
        "person": "executor",
        "idempotency_key": f"{ticket_id}:{line_number}",
        "fills": list(fills),
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_confirmation(%s)", (json.dumps(request),))


def add_snapshot(
    desk: Settings, taken_at: datetime, cash_gbp: str = "10000.00", key: str = "snapshot-1"
) -> None:
    """Record a broker snapshot without positions."""
    request = {
        "portfolio_id": add_portfolio(desk),
        "source": "form",
        "cash_gbp": cash_gbp,
        "taken_at": taken_at.isoformat(),
        "person": "executor",
        "idempotency_key": key,
        "positions": [],
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_snapshot(%s)", (json.dumps(request),))


def _judge(desk: Settings, run_id: str, gate: str, failing: dict[str, tuple[str, str]]) -> None:
    with superuser(desk) as connection:
        names = connection.execute(
            "select check_name from desk.required_checks where gate = %s order by 1", (gate,)
        ).fetchall()
        checks = [
            {
                "check_name": row["check_name"],
                "observed_value": 1,
                "limit_value": 1,
                "is_clear": row["check_name"] not in failing,
                "reason": failing.get(row["check_name"], ("clear", ""))[0],
                "fix": failing.get(row["check_name"], ("clear", ""))[1],
            }
            for row in names
        ]
        _insert(
            connection,
            "desk.gate_results",
            {
                "run_id": run_id,
                "gate": gate,
                "status": "FAIL" if failing else "PASS",
                "checks": json.dumps(checks),
            },
        )


def _insert(connection: psycopg.Connection, table: str, row: dict) -> None:
    names = ", ".join(row)
    connection.execute(
        f"insert into {table} ({names}) values ({', '.join(['%s'] * len(row))})", list(row.values())
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
