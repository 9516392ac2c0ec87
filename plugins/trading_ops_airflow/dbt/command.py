"""
How dbt is called, and a parsed project kept ready so that no run pays for parsing it.

The parse is only an acceleration: a missing or stale one makes the next build slower, never wrong.
"""

import json
import signal
import subprocess
from pathlib import Path

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.children import bound_to_parent

ENTRY = Path(__file__).with_name("warm_dbt.py")


def dbt_command(
    config: Settings, verb: str, target: Path, *options: str, run_id: str | None = None
) -> list[str]:
    """Return the call of a dbt verb, like `docs generate`, with a target folder of its own: no two builds share one."""
    # dbt must not outlive the task that started it: a second try would meet it in the same tables.
    python = config.dbt.with_name("python")
    # Isolated, because the modules beside the script have names that dbt's own packages use.
    program = (
        [str(python), "-I", str(ENTRY), str(warm_folder(config))] if python.exists() else [str(config.dbt)]
    )
    project = str(PROJECT_ROOT / "dbt_project")
    return [
        *bound_to_parent(signal.SIGTERM), *program, "--no-use-colors", *verb.split(),
        "--project-dir", project, "--profiles-dir", project,
        "--target-path", str(target), "--log-path", str(target),
        *(["--vars", json.dumps({"run_id": run_id})] if run_id else []), *options,
    ]  # fmt: skip


def dbt_environment(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment for dbt: without our module path, where it would look for its own plugins."""
    kept = {
        name: text for name, text in environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    }
    return {**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def warm_folder(config: Settings) -> Path:
    """Return the dbt target folder that holds the shared parse."""
    return config.data / "dbt/warm"


def start(config: Settings, environ: dict[str, str]) -> subprocess.Popen | None:
    """Begin parsing in the background unless a parse is there; None when there is nothing to do."""
    target = warm_folder(config)
    if (target / "partial_parse.msgpack").exists() or not config.dbt.exists():
        return None
    target.mkdir(parents=True, exist_ok=True)
    with (target / "parse.log").open("wb") as log:
        return subprocess.Popen(
            dbt_command(config, "parse", target),
            env=dbt_environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def finish(parsing: subprocess.Popen | None) -> None:
    """Wait for the parse; its failure shows in the first build, with a readable reason."""
    if parsing is not None:
        parsing.wait(timeout=120)
