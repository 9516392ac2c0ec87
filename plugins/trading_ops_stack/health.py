"""
Whether each part of the desk does its work: asked by the supervisor before it ends one, and by `status`.

An answer of any kind shows that a part is alive; only one that gives none, or that Airflow has not heard of
for long, is said to have a problem. What cannot be known is Unknown, and nothing is ended for it.
"""

import http.client
import time
import urllib.error
import urllib.request

import psycopg

from trading_ops.settings import Settings
from trading_ops_airflow.dbt.command import is_answering
from trading_ops_stack import postgres
from trading_ops_stack.airflow_api import Airflow, ApiError
from trading_ops_stack.airflow_database import QUEUED_S_MAX, tasks_waiting
from trading_ops_stack.card import LOOPBACK
from trading_ops_stack.components import components
from trading_ops_stack.environment import airflow_url

_ANSWER_S = 10
# The watcher looks every minute, and a round that hands mail over may take longer.
_WATCHER_S_MAX = 300
# What has to answer before anything may be said of a part: whoever waits for it is not to blame.
NEEDS = {
    "postgres": (),
    "dbt-server": (),
    "api-server": ("postgres",),
    "confirm-page": ("postgres",),
    "watcher": ("postgres",),
    "dag-processor": ("postgres", "api-server"),
    "scheduler": ("postgres", "api-server"),
    "triggerer": ("postgres", "api-server"),
}
WELL, DOWN = "running", "down"
_SHOWN = {"hung": "it does not answer", "idle": "it has room but leaves tasks in its queue"}


class Unknown(Exception):
    """Nothing can be said of a part now; the message says why."""


def is_running(config: Settings, name: str) -> bool:
    """Say whether a part has a process at all."""
    if name == "postgres":
        return postgres.is_running(postgres.folder_of(config))
    return components(config)[name].group() is not None


def problem(config: Settings, name: str) -> str | None:
    """
    Return what keeps a running part from its work (`hung`, `idle`: watch.troubles.MEANINGS), or None.

    Raises Unknown.
    """
    if name == "postgres":
        return None if postgres.answers(config) else "hung"
    if components(config)[name].is_stopped():
        return "hung"
    if name == "dbt-server":
        return None if is_answering(config, _ANSWER_S) else "hung"
    if name == "api-server":
        return None if _answers(f"{airflow_url(config)}/api/v2/version") else "hung"
    if name == "confirm-page":
        return None if _answers(f"{config.local_url}/health") else "hung"
    if name == "watcher":
        return "hung" if _watcher_age_s(config) > _WATCHER_S_MAX else None
    if name == "supervisor":
        return None
    return _airflow_problem(config, name)


def state(config: Settings, name: str) -> str:
    """Return WELL, DOWN, or in words what keeps a part from its work."""
    if not is_running(config, name):
        return DOWN
    try:
        found = problem(config, name)
    except Unknown as error:
        return f"nobody knows: {error}"
    return _SHOWN[found] if found else WELL


def _airflow_problem(config: Settings, name: str) -> str | None:
    """Return the problem of what only Airflow's own books tell of: when it was heard of, and what waits."""
    try:
        heard = Airflow(airflow_url(config), "", _ANSWER_S).health()
        waiting = tasks_waiting(config, QUEUED_S_MAX) if name == "scheduler" else []
    except (ApiError, psycopg.Error) as error:
        raise Unknown(str(error)) from error
    if heard.get("metadatabase") != "healthy" or name.replace("-", "_") not in heard:
        raise Unknown(f"Airflow does not say how its {name} is")
    if heard[name.replace("-", "_")] == "unhealthy":
        return "hung"
    return "idle" if waiting else None


def _answers(url: str) -> bool:
    """Say whether anything answers, be it an error: the server of a page without its database is alive."""
    try:
        LOOPBACK.open(url, timeout=_ANSWER_S).close()
    except (urllib.error.HTTPError, http.client.HTTPException):
        return True
    except OSError:
        return False
    return True


def _watcher_age_s(config: Settings) -> float:
    try:
        return time.time() - (config.data.parent / "run/watcher.round").stat().st_mtime
    except FileNotFoundError:
        return float("inf")
