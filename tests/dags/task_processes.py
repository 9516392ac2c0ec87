"""One task of a running desk: its state, what it waits for, its process, and what the log says of it."""

import json
from pathlib import Path

from trading_ops.db.connect import connect
from trading_ops.settings import Settings
from trading_ops_stack import stack
from trading_ops_stack.airflow_api import Airflow
from trading_ops_stack.processes import _descendants


def task(airflow: Airflow, dag_run_id: str) -> dict:
    """Return load_bars of a daily run as the API tells it."""
    path = f"/api/v2/dags/daily_market_data/dagRuns/{dag_run_id.replace('+', '%2B')}/taskInstances/load_bars"
    return airflow.request("GET", path)


def lock_waiters(desk: Settings) -> int:
    """Return how many of the loader's sessions wait for a lock."""
    # A role sees the waits of its own sessions only.
    with connect("desk_loader", desk) as connection:
        found = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and usename = current_user"
        return connection.execute(found).fetchone()["n"]


def task_process(desk: Settings) -> int:
    """Return the process that runs the task: the child of a worker, named after its task instance."""
    scheduler = stack.components(desk)["scheduler"].group()
    names = {pid: _command(pid) for pid in _descendants(scheduler)}
    [found] = [pid for pid, name in names.items() if name.startswith("airflow worker -- 0")]
    return found


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def idle_workers(desk: Settings) -> list[int]:
    """Return the scheduler's workers that have no task."""
    found = _descendants(stack.components(desk)["scheduler"].group())
    return [pid for pid in found if "LocalExecutor: <idle>" in _command(pid)]


def logged_runs(desk: Settings, component: str) -> list[str | None]:
    """Return the run that each line of a task in the desk's log names, in order."""
    paths = sorted((desk.data.parent / "logs").glob("desk-*.jsonl"))
    lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [line["run_id"] for line in lines if line["component"] == component]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
