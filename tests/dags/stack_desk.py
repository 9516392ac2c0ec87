"""A whole desk that runs, on ports of its own."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.conftest import free_port
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.settings import Settings
from trading_ops.simulation.market import SimulatedMarket
from trading_ops_stack import stack

SESSION = date(2026, 3, 6)


@contextmanager
def running_desk(folder: Path) -> Iterator[Settings]:
    """Start a desk with a short simulated history in its inbox, and stop it at the end."""
    config = dataclasses.replace(
        Settings(),
        data=folder / "data",
        db_port=free_port(),
        airflow_port=free_port(),
        confirm_port=free_port(),
        pgpass=folder / "secrets/pgpass",
        session_key=folder / "secrets/session_key",
    )
    SimulatedMarket(7).write_inbox(config.inbox, date(2026, 1, 5), SESSION)
    try:
        stack.up(config)
        with connect("desk_planner", config) as connection:
            queries.clock.set_simulated_now(connection, now_at=sessions.daily_run_at(SESSION))
        yield config
    finally:
        stack.down(config)


def wait(is_true: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
