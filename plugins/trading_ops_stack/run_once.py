"""
One DAG run in this process, without a scheduler: what `make run` and `trading-ops day` use.

The run is a real one, recorded in Airflow's database with every task's state. What Airflow and the tasks say
goes to stderr; stdout has a line of JSON for each task that ended, and one for the run.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.children import bound_to_parent
from trading_ops_stack import postgres
from trading_ops_stack.airflow_database import migrate_airflow
from trading_ops_stack.components import components, start
from trading_ops_stack.environment import environment, state_folder
from trading_ops_stack.keys import write_keys
from trading_ops_stack.processes import stop_all


@contextmanager
def at_work(config: Settings, is_made_anew: bool = False) -> Iterator[None]:
    """
    Have Postgres, both databases and dbt's server ready, and leave running what ran before.

    Raises what starting the stack may raise.
    """
    folder = state_folder(config) / "postgres"
    was_running = postgres.is_running(folder)
    postgres.start(folder, config)
    dbt_server = components(config)["dbt-server"]
    was_served = dbt_server.group() is not None
    try:
        if is_made_anew:
            postgres.drop_database(config, config.db_name)
        postgres.initialise(folder, config)
        write_keys(config)
        # A plan is a dozen builds, and each would start dbt anew. It parses while Airflow migrates.
        start(config, dbt_server)
        migrate_airflow(config, environment(config))
        yield
    finally:
        if not was_served:
            stop_all([dbt_server])
        if not was_running:
            postgres.stop(folder)


def run(
    config: Settings,
    dag_id: str,
    session: str,
    only_up_to: tuple[str, ...] = (),
    say: Callable[[dict], None] = lambda step: None,
) -> dict:
    """
    Run a DAG of a desk for a session in a process of its own and return `state`, `log` and `tasks`, by name.

    `say` is given each step as it ends: `task`, `state`, `duration_s` and, of one that broke, `error`. With
    `only_up_to` just these tasks and what they need are run. Postgres answers, Airflow's database is there.
    """
    log = state_folder(config) / f"logs/{dag_id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        # Whoever stops the verb stops the run. Airflow takes a TERM as one to the task it is at, and goes on.
        *bound_to_parent(signal.SIGKILL),
        sys.executable, "-m", "trading_ops_stack.run_once", dag_id, session, *only_up_to,
    ]  # fmt: skip
    ended: dict = {"state": "failed", "tasks": {}}
    with (
        log.open("ab") as err,
        subprocess.Popen(
            command, env=environment(config), cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=err, text=True,
        ) as child,
    ):  # fmt: skip
        for line in child.stdout:
            told = json.loads(line)
            if "task" in told:
                say(told)
            else:
                ended = told
    return {**ended, "log": log}


class Teller:
    """A listener of Airflow that writes a line as a task ends."""

    def __init__(self, out) -> None:
        self._out = out
        self._began_at: dict[str, float] = {}

    def began(self, task_id: str) -> None:
        """Remember when a task began; a sensor that asks again began the first time."""
        self._began_at.setdefault(task_id, time.monotonic())

    def ended(self, task_id: str, state: str, error: object = None) -> None:
        """Write what became of a task."""
        took_s = round(time.monotonic() - self._began_at.get(task_id, time.monotonic()), 1)
        said = {"error": str(error).strip()} if error else {}
        self.write({"task": task_id, "state": state, "duration_s": took_s} | said)

    def write(self, line: dict) -> None:
        """Write one line."""
        print(json.dumps(line), file=self._out, flush=True)


def _listener(teller: Teller):
    from airflow.listeners import hookimpl

    class Listener:
        @hookimpl
        def on_task_instance_running(self, previous_state, task_instance):
            teller.began(task_instance.task_id)

        @hookimpl
        def on_task_instance_success(self, previous_state, task_instance):
            teller.ended(task_instance.task_id, "success")

        @hookimpl
        def on_task_instance_skipped(self, previous_state, task_instance):
            teller.ended(task_instance.task_id, "skipped")

        @hookimpl
        def on_task_instance_failed(self, previous_state, task_instance, error):
            teller.ended(task_instance.task_id, "failed", error)

    return Listener()


def main(arguments: list[str] | None = None) -> int:
    """Run a DAG for a session, or a part of it, and return 0 when the run succeeded."""
    parser = argparse.ArgumentParser(description="Run one DAG once.")
    parser.add_argument("dag_id")
    parser.add_argument("session", help="YYYY-MM-DD")
    parser.add_argument("only_up_to", nargs="*", help="these tasks and what they need; all by default")
    options = parser.parse_args(arguments)
    # A task prints what it likes, and a child of it writes to the same place.
    teller = Teller(os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)

    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    bag = DagBag(str(Path(PROJECT_ROOT) / "dags"))
    if options.dag_id not in bag.dags:
        print(f"no DAG {options.dag_id}: {bag.import_errors or sorted(bag.dags)}", file=sys.stderr)
        return 2
    dag = bag.dags[options.dag_id]
    # It needs a DAG processor around it; who runs a DAG here sees it fail.
    dag.on_failure_callback = None
    if options.only_up_to:
        dag = dag.partial_subset(options.only_up_to)
    get_listener_manager().add_listener(_listener(teller))
    done = dag.test(run_conf={"session": options.session})
    states = {task.task_id: str(task.state) for task in done.get_task_instances()}
    teller.write({"state": str(done.state), "tasks": states})
    return 0 if str(done.state) == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
