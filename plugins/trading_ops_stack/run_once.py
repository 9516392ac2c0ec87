"""
One DAG run in this process, without a scheduler: what `make run` and the acceptance tests use.

The run is a real one, recorded in Airflow's database with every task's state.
"""

import argparse
import json
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """
    Run a DAG for a session and print a line of JSON with each task's state; exit 0 when the run succeeded.
    """
    parser = argparse.ArgumentParser(description="Run one DAG once.")
    parser.add_argument("dag_id")
    parser.add_argument("session", help="YYYY-MM-DD")
    parser.add_argument("--conf", default="{}", help="JSON, e.g. an inbox")
    options = parser.parse_args(arguments)

    from airflow.dag_processing.dagbag import DagBag

    from trading_ops.settings import PROJECT_ROOT

    bag = DagBag(str(Path(PROJECT_ROOT) / "dags"))
    if options.dag_id not in bag.dags:
        print(f"no DAG {options.dag_id}: {bag.import_errors or sorted(bag.dags)}", file=sys.stderr)
        return 2
    conf = {**json.loads(options.conf), "session": options.session}
    run = bag.dags[options.dag_id].test(run_conf=conf)
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    print(json.dumps({"state": str(run.state), "tasks": states}))
    return 0 if str(run.state) == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
