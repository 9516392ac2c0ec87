"""
The Qlib step: files in, files out, in a locked container or in an interpreter of its own.

What counts is the output manifest and the hashes in it; an exit code is never proof. The runner
gets no database, no network and no secret. Until a model is promoted its scores are a shadow:
kept beside the run and compared, never traded.
"""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import BaseOperator, TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from trading_ops_airflow.qlib_files import verify_result, write_inputs

_SHARED = {
    "task_id": "score_qlib_shadow",
    "pool": "qlib",
    "execution_timeout": timedelta(minutes=15),
}


def score_qlib_shadow(desk_run_id: str) -> BaseOperator:
    """Return the scoring task in the runtime the settings name: 'process' or 'docker'."""
    from trading_ops.settings import settings

    if settings().qlib_runtime == "docker":
        from trading_ops_airflow.locked_docker import DockerScoreOperator

        return DockerScoreOperator(desk_run_id=desk_run_id, image=settings().qlib_image, **_SHARED)
    return ProcessScoreOperator(desk_run_id=desk_run_id, **_SHARED)


class ProcessScoreOperator(BaseOperator):
    """Run the runner in an interpreter of its own, with nothing of the desk in its environment."""

    template_fields = ("desk_run_id",)

    def __init__(self, *, desk_run_id: str, **arguments) -> None:
        super().__init__(**arguments)
        self.desk_run_id = desk_run_id

    def execute(self, context) -> str:
        """Score and return the folder of the verified result."""
        folder = write_inputs(self.desk_run_id)
        said = run_process(folder)
        self.log.info("%s", said)
        return str(verify_result(folder, said))


def run_process(folder: Path) -> str:
    """Run the runner on `folder/in` and return what it said; whether it did its work is for verify_result."""
    from trading_ops.settings import PROJECT_ROOT

    own = PROJECT_ROOT / ".venv-qlib/bin/python"
    done = subprocess.run(
        [
            str(own) if own.exists() else sys.executable, "-m", "qlib_runner", "score",
            "--manifest", str(folder / "in/manifest.json"), "--out", str(folder / "result/scores"),
        ],
        env={"PATH": os.defpath, "PYTHONPATH": str(PROJECT_ROOT), "PYTHONHASHSEED": "0"},
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"the runner ended with exit code {done.returncode}\n{done.stdout}{done.stderr}"


@task(trigger_rule=TriggerRule.ALL_DONE)
def compare_shadow(desk_run_id: str | None, result: str | None) -> dict[str, int]:
    """Store beside the run how far the shadow ranking and the desk's agree; trades nothing."""
    import csv

    from trading_ops.db.connect import queries
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None or result is None:
        raise AirflowSkipException(
            "there is no shadow ranking to compare; the ticket does not need one"
        )
    with (Path(result) / "signals_ranked.csv").open() as handle:
        shadow = [row["internal_symbol"] for row in csv.DictReader(handle)]
    with desk_connection("desk_planner") as connection:
        rows = list(queries.ranked_symbols(connection, run_id=desk_run_id))
    desk = [row["internal_symbol"] for row in rows]
    comparison = {
        "ranked_by_desk_count": len(desk),
        "ranked_by_shadow_count": len(shadow),
        "ranked_by_both_count": len(set(desk) & set(shadow)),
        "same_top_10_count": len(set(desk[:10]) & set(shadow[:10])),
    }
    path = settings().run_folder(desk_run_id) / "qlib/comparison.json"
    path.write_text(json.dumps(comparison, indent=1, sort_keys=True) + "\n")
    print(f"{path}: {comparison}")
    return comparison
