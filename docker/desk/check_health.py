"""
How a container is: asks a page, and if told so for the state of one Airflow component.

    check_health.py URL [COMPONENT]
    check_health.py --dbt-server
    check_health.py --watcher

Exit codes are those of end_hung.sh: 0 well, 1 hung, 2 unwell for want of something else, 3 idle. The standard
library as far as it goes, because it runs every few seconds.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

WELL, HUNG, UNWELL, IDLE = range(4)
# Shorter than Docker waits for a check.
_TIMEOUT_S = 6
_RUN = Path("/var/trading-ops/run")


def page(url: str) -> int:
    """Return how the server of a page is: one that answers with an error lacks something, and is alive."""
    try:
        urllib.request.urlopen(url, timeout=_TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        print(f"{url}: {error}", file=sys.stderr)
        return UNWELL
    except OSError as error:
        print(f"{url}: {error}", file=sys.stderr)
        return HUNG
    return WELL


def component(url: str, name: str) -> int:
    """Return how Airflow's API says a component is; where API or database is away, it cannot be said."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            said = json.load(answer)
        if said["metadatabase"]["status"] != "healthy":
            return UNWELL
        if said[name]["status"] != "healthy":
            return HUNG
        return IDLE if name == "scheduler" and _leaves_tasks() else WELL
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return UNWELL


def watcher() -> int:
    """Return how the watcher is, by the files it touches at each round and at each that went well."""
    for name, code in (("watcher.round", HUNG), ("watched", UNWELL)):
        file = _RUN / name
        if not file.exists() or time.time() - file.stat().st_mtime > 300:
            return code
    return WELL


def dbt_server() -> int:
    """Return whether the dbt server answers."""
    from trading_ops.settings import settings
    from trading_ops_airflow.dbt.command import is_answering

    return WELL if is_answering(settings(), _TIMEOUT_S) else HUNG


def _leaves_tasks() -> bool:
    from trading_ops.settings import settings
    from trading_ops_stack.airflow_database import QUEUED_S_MAX, tasks_waiting

    return bool(tasks_waiting(settings(), QUEUED_S_MAX))


def main(arguments: list[str]) -> int:
    """Return the exit code for what is asked."""
    match arguments:
        case ["--watcher"]:
            return watcher()
        case ["--dbt-server"]:
            return dbt_server()
        case [url]:
            return page(url)
        case [url, name]:
            return component(url, name)
    return UNWELL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
