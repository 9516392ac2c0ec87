"""
A desk of three symbols and three sessions, and dbt on top of it.

Every row is written by hand with the role that writes it in production. All dates are of one real
week: as of Friday 12 June 2026, frozen on the Saturday after it.
"""

import atexit
import dataclasses
import hashlib
import json
import shutil
import subprocess
import tempfile
import time
from datetime import date
from functools import cache
from pathlib import Path
from uuid import uuid4

from tests.conftest import environment_of
from tests.database.rows import insert_load
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.runs.frozen import adopt_policy
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.dbt.command import ServedCall, server_command, server_socket, start_dbt

PROJECT = PROJECT_ROOT / "dbt_project"
PORTFOLIO = "demo"
SYMBOLS = ("ALDR", "BRCH", "SIMX")
SESSIONS = (date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 12))
CALENDAR = "c"
CALENDAR_FROM, CALENDAR_TO = date(2025, 1, 1), date(2026, 12, 31)
RUN_ID = "20260613-080000Z-git0000001"
LATER_RUN_ID = "20260613-090000Z-git0000001"


def run_dbt(
    desk: Settings, target: Path, verb: str, *options: str, run_id: str | None = None
) -> subprocess.CompletedProcess:
    """Call dbt on a desk as Airflow does, by a server that all desks share; stderr is among its output."""
    target.mkdir(parents=True, exist_ok=True)
    environ = environment_of(desk) | {"PATH": "/usr/bin:/bin", "HOME": str(target), "LANG": "C.UTF-8"}
    dbt = start_dbt(_served(desk.dbt), environ, verb, target, *options, run_id=run_id)
    assert isinstance(dbt, ServedCall)
    said = dbt.stdout.read()
    return subprocess.CompletedProcess((verb, *options), dbt.wait(), said, "")


@cache
def _served(dbt: Path) -> Settings:
    """Return settings under which the desk's dbt server answers; it ends with the test run."""
    folder = Path(tempfile.mkdtemp(prefix="dbt_"))
    shared = dataclasses.replace(Settings(), dbt=dbt, data=folder / "data")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    server = subprocess.Popen(server_command(shared), env=environ, stdout=subprocess.DEVNULL)
    atexit.register(shutil.rmtree, folder)
    atexit.register(server.kill)
    while not server_socket(shared).exists():
        assert server.poll() is None, "the dbt server ended"
        time.sleep(0.05)
    return shared


def manifest(desk: Settings) -> dict:
    """Return the project as the shared server has parsed it."""
    return json.loads((_served(desk.dbt).data / "dbt/warm/manifest.json").read_text())


def fill(desk: Settings, days: tuple[date, ...] = SESSIONS) -> None:
    """Write a policy, a universe, a funded portfolio with a snapshot, the bars of some days, and a run."""
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.set_simulated_now('2026-06-13 08:00:00+00')")
        _add_calendar(connection)
        policy_hash = _add_policy(connection)
        universe_hash = _add_universe(connection)
        connection.execute("insert into desk.portfolios values (%s, 'simulated', 'GBP')", (PORTFOLIO,))
        opening = {
            "portfolio_id": PORTFOLIO,
            "person": "desk",
            "idempotency_key": "opening",
            "cash_gbp": "1000.00",
            "amount_gbp": "1000.00",
            "kind": "deposit",
            "source": "form",
            "positions": [],
            "occurred_at": "2026-06-10 12:00:00+00",
            "taken_at": "2026-06-13 08:00:00+00",
        }
        connection.execute("select desk.record_cash_movement(%s)", (json.dumps(opening),))
        connection.execute("select desk.record_snapshot(%s)", (json.dumps(opening),))
    closes = {"ALDR": (100, 101, 102), "BRCH": (50, 50, 49), "SIMX": (400, 402, 401)}
    load_id = add_bars(
        desk,
        [
            (symbol, day, close)
            for symbol in SYMBOLS
            for day, close in zip(SESSIONS, closes[symbol], strict=True)
            if day in days
        ],
    )
    add_run(desk, RUN_ID, load_id, policy_hash, universe_hash)


def add_bars(desk: Settings, bars: list[tuple[str, date, int]]) -> int:
    """Load flat bars as traded, and a rate of 1.25 with them; return the load."""
    with connect("desk_loader", desk) as connection:
        load_id = insert_load(connection, str(uuid4()), len(bars))
        for symbol, day, close in bars:
            connection.execute(
                "insert into raw.eod_bars values (%s, 'simulated', %s, %s, 'raw', %s, %s, %s, %s, null, 1000)",
                (load_id, symbol, day, close, close, close, close),
            )
        for symbol in {symbol for symbol, _, _ in bars}:
            days = [day for name, day, _ in bars if name == symbol]
            connection.execute(
                """
                insert into raw.load_results (
                    load_id, source, vendor_symbol, outcome, rows_new_count, first_written_date
                ) values (%s, 'simulated', %s, 'stored', %s, %s)
                """,
                (load_id, symbol, len(days), min(days)),
            )
        connection.execute(
            "insert into raw.fx_rates values (%s, 'simulated', %s, 'GBP', 'USD', 1.25)",
            (load_id, SESSIONS[0]),
        )
    return load_id


def add_run(desk: Settings, run_id: str, load_id: int, policy_hash: str, universe_hash: str) -> None:
    """Freeze a daily run as of the newest session."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            """
            insert into desk.runs (
                run_id, portfolio_id, kind, idempotency_key, as_of_date, attempt_number, data_snapshot_id,
                policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method
            ) values (%(run_id)s, %(portfolio)s, 'daily', %(run_id)s, %(as_of)s, %(load_id)s, %(load_id)s,
                %(policy)s, %(universe)s, %(calendar)s, %(policy)s, '0000001', false, 'static_list')
            """,
            {
                "run_id": run_id,
                "portfolio": PORTFOLIO,
                "as_of": SESSIONS[-1],
                "load_id": load_id,
                "policy": policy_hash,
                "universe": universe_hash,
                "calendar": CALENDAR,
            },
        )


def add_run_of_everything(desk: Settings, run_id: str, load_id: int) -> None:
    """Freeze another run with the policy and the universe that are there."""
    with connect("desk_planner", desk) as connection:
        row = connection.execute("select policy_hash, universe_hash from desk.runs limit 1").fetchone()
    add_run(desk, run_id, load_id, row["policy_hash"], row["universe_hash"])


def add_clear_riskguard(desk: Settings, run_id: str) -> None:
    """Let the riskguard agree with a run."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "insert into desk.risk_checks values (%s, 'turnover', 0, 0.35, true, 'nothing is traded', '')",
            (run_id,),
        )


def rows(desk: Settings, query: str, *values: object) -> list[dict]:
    """Return the rows of a query, read as the role of the reports."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(query, values).fetchall()


def judge(desk: Settings, run_id: str, gate: str) -> tuple[str, dict[str, dict]]:
    """Let the database judge a gate; return its status and its checks by name."""
    with connect("desk_planner", desk) as connection:
        status = connection.execute("select desk.judge_gate(%s, %s) as status", (run_id, gate)).fetchone()[
            "status"
        ]
        checks = connection.execute(
            "select checks from desk.gate_results where run_id = %s and gate = %s", (run_id, gate)
        ).fetchone()["checks"]
    return status, {check["check_name"]: check for check in checks}


def _add_calendar(connection) -> None:
    for day in sessions.sessions_between(CALENDAR_FROM, CALENDAR_TO):
        connection.execute(
            "insert into desk.calendar_sessions values (%s, %s, %s, %s, %s)",
            (
                CALENDAR,
                day,
                sessions.session_open_at(day),
                sessions.session_close_at(day),
                sessions.daily_run_at(day),
            ),
        )


def _add_policy(connection) -> str:
    policy = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")
    return adopt_policy(connection, policy)


def _add_universe(connection) -> str:
    universe_hash = _sha256("universe")
    connection.execute("insert into desk.universe_versions (universe_hash) values (%s)", (universe_hash,))
    for symbol in SYMBOLS:
        is_stock = symbol != "SIMX"
        connection.execute(
            "insert into desk.config_universe values (%s, %s, %s, null, null, %s, 'USD', %s, %s, %s, %s)",
            (
                universe_hash,
                symbol,
                symbol,
                symbol,
                "stock" if is_stock else "index",
                not is_stock,
                is_stock,
                is_stock,
            ),
        )
    return universe_hash


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
