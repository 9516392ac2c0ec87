"""The client of Airflow's API, against a small server that answers like it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from trading_ops_stack.airflow_api import Airflow, ApiError


@pytest.fixture
def server():
    """
    A server whose `answers` maps 'METHOD /path' to a list of (status, body), the last one repeated; no
    status, no answer.
    """

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            key = f"{self.command} {self.path.partition('?')[0]}"
            httpd.requests.append((key, body, self.headers.get("Authorization")))
            answers = httpd.answers.get(key) or [(404, {"detail": "Not Found"})]
            status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if status is None:
                # As a server that is ended in mid-request.
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, *arguments):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.requests, httpd.answers = (
        [],
        {"POST /auth/token": [(201, {"access_token": "t1"}), (201, {"access_token": "t2"})]},
    )
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def airflow(server) -> Airflow:
    """A client of that server."""
    return Airflow(f"http://127.0.0.1:{server.server_port}", "secret", timeout_s=5)


def test_a_run_is_triggered_for_a_session_with_its_conf(server, airflow):
    """The session is the partition key; there is no logical date."""
    server.answers["POST /api/v2/dags/weekly_plan/dagRuns"] = [(200, {"dag_run_id": "manual__1"})]
    assert airflow.trigger("weekly_plan", "2026-03-06", {"inbox": "/x"}) == "manual__1"
    _, body, token = server.requests[-1]
    assert body == {"logical_date": None, "partition_key": "2026-03-06", "conf": {"inbox": "/x"}}
    assert token == "Bearer t1"


def test_a_run_that_exists_already_is_not_started_again(server, airflow):
    """A demo that was cut off goes on with the run it had started."""
    server.answers["POST /api/v2/dags/weekly_plan/dagRuns"] = [(409, {"detail": "exists"})]
    assert airflow.trigger("weekly_plan", "2026-03-06", dag_run_id="demo__1") == "demo__1"
    with pytest.raises(ApiError, match="409"):
        airflow.trigger("weekly_plan", "2026-03-06")


def test_a_state_is_set_again_where_the_database_refused_it_and_a_run_is_not_started_again(server, airflow):
    """Airflow's API and its scheduler deadlock now and then."""
    deadlock = (500, {"detail": {"reason": "Database error"}})
    server.answers["PATCH /api/v2/dags/weekly_plan/dagRuns/1"] = [deadlock, (200, {"state": "failed"})]
    path = "/api/v2/dags/weekly_plan/dagRuns/1"
    assert airflow.request("PATCH", path, {"state": "failed"}) == {"state": "failed"}
    server.answers["POST /api/v2/dags/weekly_plan/dagRuns"] = [deadlock, (200, {"dag_run_id": "manual__1"})]
    with pytest.raises(ApiError, match="Database error"):
        airflow.trigger("weekly_plan", "2026-03-06")


def test_a_refused_key_is_told_in_the_servers_own_words(server, airflow):
    """HTTP 400 with the reason of the timetable."""
    server.answers["POST /api/v2/dags/weekly_plan/dagRuns"] = [
        (400, {"detail": "the NYSE is closed that day"})
    ]
    with pytest.raises(ApiError, match="HTTP 400.*the NYSE is closed that day"):
        airflow.trigger("weekly_plan", "2026-11-26")


def test_a_token_that_ran_out_is_renewed_once(server, airflow):
    """A long demo outlives its token; a wrong password must not loop."""
    server.answers["GET /api/v2/importErrors"] = [(401, {}), (200, {"import_errors": []})]
    assert airflow.import_errors() == {}
    assert [token for key, _, token in server.requests if key.startswith("GET")] == ["Bearer t1", "Bearer t2"]
    server.answers["GET /api/v2/importErrors"] = [(401, {})]
    with pytest.raises(ApiError, match="401"):
        airflow.import_errors()


def test_waiting_returns_the_state_of_every_task(server, airflow):
    """In the order they started, so the first broken one is the first red one."""
    server.answers["GET /api/v2/dags/d/dagRuns/r"] = [(200, {"state": "running"}), (200, {"state": "failed"})]
    tasks = [
        {"task_id": "send", "state": "success", "start_date": "2026-01-01T00:02"},
        {"task_id": "freeze", "state": "failed", "start_date": "2026-01-01T00:01"},
        {"task_id": "rank", "state": None, "start_date": None},
    ]
    server.answers["GET /api/v2/dags/d/dagRuns/r/taskInstances"] = [(200, {"task_instances": tasks})]
    result = airflow.wait("d", "r", timeout_s=10, every_s=0.01)
    assert result.state == "failed"
    assert list(result.tasks.items()) == [("freeze", "failed"), ("send", "success"), ("rank", "none")]


def test_a_run_that_takes_too_long_names_the_tasks_it_waits_for(server, airflow):
    """A timeout without a name sends the operator searching."""
    server.answers["GET /api/v2/dags/d/dagRuns/r"] = [(200, {"state": "running"})]
    tasks = [{"task_id": "build_prices", "state": "running", "start_date": "1"}]
    server.answers["GET /api/v2/dags/d/dagRuns/r/taskInstances"] = [(200, {"task_instances": tasks})]
    with pytest.raises(ApiError, match="still running after 0 s: build_prices running"):
        airflow.wait("d", "r", timeout_s=0.05, every_s=0.01)


def test_an_airflow_that_is_down_is_said_to_be_down():
    """With the way on."""
    airflow = Airflow("http://127.0.0.1:1", "secret", timeout_s=1)
    assert airflow.is_ready() is False
    with pytest.raises(ApiError, match="make up"):
        airflow.health()


def test_a_pool_is_created_or_changed(server, airflow):
    """`make up` twice."""
    server.answers["GET /api/v2/pools"] = [(200, {"pools": [{"name": "dbt"}]})]
    server.answers["POST /api/v2/pools"] = server.answers["PATCH /api/v2/pools/dbt"] = [(200, {})]
    airflow.set_pool("qlib", 1, "models")
    airflow.set_pool("dbt", 1, "builds")
    assert [key for key, *_ in server.requests if "GET" not in key][-2:] == [
        "POST /api/v2/pools",
        "PATCH /api/v2/pools/dbt",
    ]


def test_a_server_that_starts_anew_is_asked_again(server, airflow):
    """A wait outlives it; an answer that says no is none to wait for."""
    path = "/api/v2/dags/weekly_plan/dagRuns/demo__1"
    server.answers[f"GET {path}"] = [(None, {}), (None, {}), (200, {"state": "success"})]
    server.answers[f"GET {path}/taskInstances"] = [(None, {}), (200, {"task_instances": []})]
    assert airflow.wait("weekly_plan", "demo__1", timeout_s=20, every_s=0.01).state == "success"
    with pytest.raises(ApiError, match="404"):
        airflow.wait("weekly_plan", "demo__2", timeout_s=20, every_s=0.01)
