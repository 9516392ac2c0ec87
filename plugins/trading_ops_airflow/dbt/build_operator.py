"""
dbt as an Airflow task: one selector, one build, a readable reason when it is red.

The proof of a build is its run_results.json. An exit code, or a selector that matched nothing,
proves nothing and fails.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trading_ops_airflow.dbt.command import ServedCall, start_dbt

if TYPE_CHECKING:
    from trading_ops.settings import Settings

# What Postgres drivers say when the server, not the data, is the trouble.
_MACHINERY = (
    "could not connect",
    "connection refused",
    "connection to server",
    "server closed the connection",
    "terminating connection",
    "connection already closed",
    "the database system is",
    "timeout expired",
    "deadlock detected",
    "could not serialize",
)
_MODEL_STATES_BROKEN = ("error", "fail", "skipped", "runtime error", "partial success")


@dataclass(frozen=True)
class Node:
    """How one dbt node ended."""

    name: str
    resource_type: str
    status: str
    message: str
    execution_s: float

    @property
    def is_test(self) -> bool:
        """Say whether the node only checks, and builds nothing."""
        return self.resource_type in ("test", "unit_test")

    @property
    def is_broken(self) -> bool:
        """Say whether the node did not end well."""
        return self.status in _MODEL_STATES_BROKEN

    def line(self) -> str:
        """Return the node as one line of the log."""
        detail = f": {self.message}" if self.is_broken and self.message else ""
        return f"{self.status:<8} {self.execution_s:6.2f} s  {self.resource_type} {self.name}{detail}"


class DbtOperator(BaseOperator):
    """
    Run `dbt build` for one selector and one run of the desk.

    With tests_may_fail a failing data test leaves the task green as long as every model was built:
    a blocked gate is a result, and the judging tasks are what goes red. No run_id (freezing failed)
    skips the task.
    """

    template_fields = ("desk_run_id",)
    ui_color = "#ff7043"

    def __init__(self, *, selector: str, desk_run_id: str, tests_may_fail: bool = False, **arguments) -> None:
        super().__init__(**arguments)
        self.selector = selector
        self.desk_run_id = desk_run_id
        self.tests_may_fail = tests_may_fail
        self._process: subprocess.Popen | ServedCall | None = None

    def execute(self, context) -> dict[str, int]:
        """Build and return how many nodes ended how."""
        from trading_ops.settings import settings

        if not self.desk_run_id:
            raise AirflowSkipException("no run was frozen, so there is nothing to build for")
        config = settings()
        if self.selector != "prices":
            require_work_tables(config)
        target = config.run_folder(self.desk_run_id) / "dbt" / self.selector
        target.mkdir(parents=True, exist_ok=True)
        # An earlier try's results must never speak for this one.
        results_path = target / "run_results.json"
        results_path.unlink(missing_ok=True)
        self.log.info("dbt build --selector %s, files in %s", self.selector, target)
        self._process = start_dbt(
            config,
            dict(os.environ),
            "build",
            target,
            "--selector",
            self.selector,
            run_id=self.desk_run_id,
        )
        output = []
        for line in self._process.stdout:
            output.append(line.rstrip())
            self.log.info("dbt: %s", line.rstrip())
        exit_code = self._process.wait()
        if not results_path.exists():
            raise failure_without_results(exit_code, "\n".join(output))
        nodes = read_results(results_path)
        for node in nodes:
            self.log.info("%s", node.line())
        require_sound(nodes, self.selector, self.tests_may_fail)
        counts: dict[str, int] = {}
        for node in nodes:
            counts[node.status] = counts.get(node.status, 0) + 1
        return counts

    def on_kill(self) -> None:
        """Stop dbt with the task."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()


def require_work_tables(config: "Settings") -> None:
    """
    Raise AirflowFailException when a crash of Postgres emptied what build_prices had made.

    Without it every check would say by itself what it lacks, and none that it had been there.
    """
    from trading_ops.db.connect import connect, queries

    with connect("desk_reader", config) as connection:
        if queries.runs.work_tables_are_lost(connection):
            raise AirflowFailException(
                "the prices of this run are gone: Postgres crashed after they were built, which empties its work tables. "
                "Clear build_prices and what follows it; a plan that has its ticket is planned again."
            )


def read_results(path: Path) -> list[Node]:
    """Return the nodes of a run_results.json, in the order they ended."""
    try:
        found = json.loads(path.read_text())["results"]
    except (ValueError, KeyError) as error:
        raise AirflowFailException(f"{path} cannot be read: {error!r}") from error
    return [
        Node(
            name=entry["unique_id"].split(".", 2)[-1],
            resource_type=entry["unique_id"].split(".", 1)[0],
            status=str(entry["status"]).lower(),
            message=" ".join(str(entry.get("message") or "").split()),
            execution_s=float(entry.get("execution_time") or 0),
        )
        for entry in found
    ]


def require_sound(nodes: list[Node], selector: str, tests_may_fail: bool) -> None:
    """
    Raise unless the build did what it was for.

    ConnectionError when only the server was the trouble, so the task is tried again;
    AirflowFailException, naming every failed node, otherwise.
    """
    if not nodes:
        raise AirflowFailException(
            f"selector {selector} matched no node: nothing was built or tested; look for a renamed model or a typo"
        )
    broken = [node for node in nodes if node.is_broken]
    if tests_may_fail:
        broken = [node for node in broken if not (node.is_test and node.status == "fail")]
        if not any(node.resource_type == "model" for node in nodes):
            raise AirflowFailException(f"selector {selector} built no model, so there is no verdict to judge")
    if not broken:
        return
    causes = [node for node in broken if node.status != "skipped"]
    listing = "\n".join(f"  {node.line()}" for node in (causes or broken))
    skipped_count = len(broken) - len(causes)
    message = (
        f"{len(causes)} dbt node(s) of {selector} failed, {skipped_count} skipped because of them:\n{listing}"
    )
    if causes and all(_is_machinery(node.message) for node in causes):
        raise ConnectionError(message)
    raise AirflowFailException(message)


def failure_without_results(exit_code: int, output: str) -> Exception:
    """Return the error of a dbt that left no results: tried again only if the server was the trouble."""
    tail = "\n".join(output.splitlines()[-15:])
    message = (
        f"dbt ended with exit code {exit_code} and left no run_results.json, so nothing is proven:\n{tail}"
    )
    # A negative code is a signal: somebody killed dbt, which says nothing about the data.
    if _is_machinery(tail) or exit_code < 0:
        return ConnectionError(message)
    return AirflowFailException(message)


def _is_machinery(message: str) -> bool:
    return any(words in message.lower() for words in _MACHINERY)
