"""
A small client of Airflow's API: trigger a DAG run, wait for it, see how each task ended.

Standard library only. Every failure is an ApiError that says which request failed and why.
"""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import quote

from trading_ops.settings import Settings
from trading_ops_stack.keys import airflow_password

FINISHED = ("success", "failed")


class ApiError(Exception):
    """Airflow refused a request, could not be reached, or a run took too long."""

    @property
    def status(self) -> int | None:
        """The HTTP status of an answer that says no; None where there was no answer."""
        return getattr(self.__cause__, "code", None)


@dataclass(frozen=True)
class DagRunResult:
    """How a DAG run ended: its state and the state of each task."""

    dag_id: str
    dag_run_id: str
    state: str
    tasks: dict[str, str]


@dataclass
class Airflow:
    """
    Airflow at one address; signs in on first use and again when its token ran out.

    One that is away is waited for `patience_s` where a run is started under a name: by then a server that was
    killed is there again.
    """

    url: str
    password: str
    timeout_s: float = 30
    patience_s: float = 60
    user: str = "admin"
    _token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, config: Settings, user: str = "admin") -> "Airflow":
        """Return a client of the Airflow this desk's settings describe. Raises KeysError."""
        url = f"http://{config.airflow_host}:{config.airflow_port}"
        return cls(url, airflow_password(config, user), user=user)

    def trigger(
        self, dag_id: str, partition_key: str | None, conf: dict | None = None, dag_run_id: str | None = None
    ) -> str:
        """
        Start a run for a session date, or for none, and return its dag_run_id.

        A dag_run_id that exists already is not started again; its id is returned. So a server that does not
        answer is asked again for that one, for patience_s: it may be starting anew.
        """
        body = {"logical_date": None, "partition_key": partition_key, "conf": conf or {}}
        if dag_run_id:
            body["dag_run_id"] = dag_run_id
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return self.request("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)["dag_run_id"]
            except ApiError as error:
                if dag_run_id and error.status == 409:
                    return dag_run_id
                if not (dag_run_id and _is_away(error)) or time.monotonic() >= deadline:
                    raise
            time.sleep(0.5)

    def wait(
        self, dag_id: str, dag_run_id: str, timeout_s: float = 600, every_s: float = 0.2
    ) -> DagRunResult:
        """
        Return how the run ended. Raises ApiError when it is still running after timeout_s.

        A server that does not answer meanwhile is asked again: it may be starting anew.
        """
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(dag_run_id)}"
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                state = self.request("GET", path)["state"]
                is_over = state in FINISHED or time.monotonic() >= deadline
                tasks = self.task_states(dag_id, dag_run_id) if is_over else {}
            except ApiError as error:
                if not _is_away(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(every_s)
                continue
            if state in FINISHED:
                return DagRunResult(dag_id, dag_run_id, state, tasks)
            if is_over:
                waiting = ", ".join(f"{task} {task_state}" for task, task_state in tasks.items())
                raise ApiError(f"{dag_id} {dag_run_id} is still {state} after {timeout_s:.0f} s: {waiting}")
            time.sleep(every_s)

    def run(
        self, dag_id: str, partition_key: str | None, conf: dict | None = None, timeout_s: float = 600
    ) -> DagRunResult:
        """Trigger a run and wait for it."""
        return self.wait(dag_id, self.trigger(dag_id, partition_key, conf), timeout_s)

    def task_states(self, dag_id: str, dag_run_id: str) -> dict[str, str]:
        """Return the state of each task of a run, in the order they started."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(dag_run_id)}/taskInstances?limit=1000"
        found = self.request("GET", path)["task_instances"]
        found.sort(key=lambda task: (task["start_date"] or "9", task["task_id"]))
        return {task["task_id"]: task["state"] or "none" for task in found}

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs Airflow knows and will run."""
        return self._dags("paused=false")

    def paused(self) -> set[str]:
        """Return the ids of the DAGs somebody has paused: none of their runs starts."""
        return self._dags("paused=true")

    def _dags(self, which: str) -> set[str]:
        return {dag["dag_id"] for dag in self.request("GET", f"/api/v2/dags?limit=1000&{which}")["dags"]}

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that could not be imported, each with its error."""
        found = self.request("GET", "/api/v2/importErrors")["import_errors"]
        return {entry["filename"]: entry["stack_trace"] for entry in found}

    def health(self) -> dict[str, str]:
        """Return 'healthy' or 'unhealthy' per component; needs no sign-in."""
        found = self.request("GET", "/api/v2/monitor/health", signed_in=False)
        return {component: entry["status"] or "unknown" for component, entry in found.items()}

    def is_ready(self) -> bool:
        """Say whether the API answers at all."""
        try:
            return "version" in self.request("GET", "/api/v2/version", signed_in=False)
        except ApiError:
            return False

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Create a pool or change it."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        known = {pool["name"] for pool in self.request("GET", "/api/v2/pools?limit=1000")["pools"]}
        if name in known:
            self.request("PATCH", f"/api/v2/pools/{quote(name)}", body)
        else:
            self.request("POST", "/api/v2/pools", body)

    def request(self, method: str, path: str, body: dict | None = None, signed_in: bool = True) -> dict:
        """
        Send one request and return the decoded answer. Raises ApiError with the server's own words.

        What may be asked again is, a few times, where its database refused it: the API and the scheduler
        end in a deadlock of theirs now and then, and one of the two is told so.
        """
        for is_last in (False, False, True):
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            if signed_in:
                headers["Authorization"] = f"Bearer {self._token or self._sign_in()}"
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            try:
                # No proxy: the desk talks to its own machine.
                with _opener.open(request, timeout=self.timeout_s) as answer:
                    return json.loads(answer.read() or b"{}")
            except urllib.error.HTTPError as error:
                if error.code == 401 and signed_in and not is_last:
                    self._token = None
                    continue
                if error.code == 500 and method in ("GET", "PATCH") and not is_last:
                    continue
                detail = error.read().decode(errors="replace")[:2000]
                raise ApiError(f"{method} {path}: HTTP {error.code}: {detail}") from error
            except (OSError, ValueError) as error:
                raise ApiError(f"{method} {self.url}{path}: {error}; is the stack up? (`make up`)") from error
        raise ApiError(f"{method} {path}: not accepted after signing in again")

    def _sign_in(self) -> str:
        body = {"username": self.user, "password": self.password}
        self._token = self.request("POST", "/auth/token", body, signed_in=False)["access_token"]
        return self._token


def _is_away(error: ApiError) -> bool:
    """Whether nobody answered; an answer that says no is one."""
    return isinstance(error.__cause__, OSError) and error.status is None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
