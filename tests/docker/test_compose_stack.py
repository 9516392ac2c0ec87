"""
The whole desk in containers: built, started, used, restarted and removed again.

One stack for all the tests below, under a project name and on ports of its own.
"""

import json
import time
from contextlib import ExitStack

import pytest

from tests.docker.compose_stack import Stack
from tests.docker.conftest import docker
from trading_ops.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow


def token_of(stack: Stack) -> str:
    """Return an API token, got with the generated password of Airflow's admin."""
    password = json.loads(
        stack.execute("api-server", "cat", "/secrets/airflow/airflow_passwords.json").stdout
    )["admin"]
    status, answer = stack.get(stack.airflow_port, "/auth/token", {"username": "admin", "password": password})
    assert status == 201
    return answer["access_token"]


@pytest.fixture(scope="module")
def stack(base_image, tmp_path_factory):
    """The stack of this checkout, up and healthy; everything it made is removed in the end."""
    stack = Stack(tmp_path_factory.mktemp("stack"), base_image)
    stack.run("build", timeout_s=1200)
    try:
        stack.run("up", "-d", timeout_s=600)
        stack.wait_until_healthy()
        yield stack
    finally:
        stack.run("down", "-v", "--timeout", "15")


def test_airflow_lets_the_generated_admin_in_and_nobody_else(stack):
    """The password from the volume opens the API, which knows its three pools; a wrong one does not."""
    _, pools = stack.get(stack.airflow_port, "/api/v2/pools", token=token_of(stack))
    assert {"dbt", "desk_db", "qlib"} < {pool["name"] for pool in pools["pools"]}
    wrong = {"username": "admin", "password": "wrong"}
    assert stack.get(stack.airflow_port, "/auth/token", wrong)[0] == 401
    assert stack.get(stack.airflow_port, "/api/v2/pools")[0] == 401


def test_airflow_knows_every_dag_of_this_checkout(stack):
    """The dag-processor parsed them in its read-only container, none with an error."""
    wanted = {path.stem for path in (PROJECT_ROOT / "dags").glob("*.py")}
    assert wanted
    token, deadline = token_of(stack), time.monotonic() + 90
    while True:
        _, listed = stack.get(stack.airflow_port, "/api/v2/dags?limit=100", token=token)
        _, broken = stack.get(stack.airflow_port, "/api/v2/importErrors", token=token)
        assert broken["import_errors"] == []
        if {dag["dag_id"] for dag in listed["dags"]} >= wanted:
            return
        assert time.monotonic() < deadline, (wanted, listed)
        time.sleep(1)


def test_the_confirm_page_answers_from_the_migrated_database(stack):
    """Its health is 200 only when the database answers with the desk's own time."""
    status, answer = stack.get(stack.confirm_port, "/health")
    assert (status, answer["database"]) == (200, "reachable")


def test_the_desk_in_the_image_is_the_one_that_was_built(stack):
    """BUILD_COMMIT names the commit; config/secrets.env and this checkout's environments stayed outside."""
    assert stack.execute("scheduler", "cat", "BUILD_COMMIT").stdout == stack.environ["BUILD_COMMIT"] + "\n"
    inside = stack.execute("scheduler", "find", "/opt/desk", "-maxdepth", "2").stdout.splitlines()
    read = (
        "config/policy.yml",
        "docs/INCIDENTS.md",
        "docs/ETORO_CONSTRAINTS.md",
        "docs/EXECUTION_WORKFLOW_1PAGER.md",
    )
    assert {f"/opt/desk/{name}" for name in read} <= set(inside)
    assert not [path for path in inside if path.endswith(("secrets.env", "/.git", "/.venv", "/var"))]
    assert "/opt/desk/tests" not in inside


def test_the_desk_s_command_works_in_a_container(stack):
    """A halt and its release, typed where Docker keeps the keys."""
    for command, said in (
        (("halt", "a try", "--person", "operator"), "the desk is halted"),
        (("release", "tried", "--person", "operator"), "the halt is over"),
    ):
        done = stack.execute("watcher", "trading-ops", *command)
        assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
    # As the crontab of RUNBOOK calls it: in a container of its own, whatever became of the watcher.
    once = ("run", "--rm", "--no-deps", "-T", "watcher")
    assert "never silent" in stack.run(*once, "trading-ops", "heartbeat")


def test_the_page_cannot_become_another_role(stack):
    """With the page's own password every other role is refused; nobody is superuser over the network."""
    program = (
        "import psycopg, sys\n"
        "line = open('/secrets/confirm/pgpass').read().splitlines()\n"
        "assert len(line) == 1, line\n"
        "try: psycopg.connect(host='postgres', dbname='trading_ops', user=sys.argv[1],"
        " password=line[0].split(':')[4]); print('let in')\n"
        "except psycopg.OperationalError as error: print(error)"
    )
    assert stack.execute("confirm-page", "python", "-c", program, "desk_app").stdout == "let in\n"
    for role in ("desk_migrator", "desk_loader", "desk_planner"):
        assert (
            "password authentication failed"
            in stack.execute("confirm-page", "python", "-c", program, role).stdout
        )
    refused = stack.execute("confirm-page", "python", "-c", program, "postgres").stdout
    assert "pg_hba.conf rejects connection" in refused


def test_the_runner_works_as_a_process_inside_the_scheduler(stack):
    """The process runtime needs nothing the image lacks."""
    done = stack.execute("scheduler", "python", "-m", "qlib_runner", "verify", "--out", "/tmp/nothing")
    assert (done.returncode, "manifest.json cannot be read" in done.stderr) == (2, True)


def test_a_task_is_served_by_the_dbt_server_beside_it(stack):
    """The scheduler's call crosses into the other container, reaches the database as dbt, and comes back."""
    program = (
        "import os; from trading_ops.settings import settings; "
        "from trading_ops_airflow.dbt.command import start_dbt; config = settings(); "
        "target = config.data / 'dbt/probe'; target.mkdir(parents=True, exist_ok=True); "
        "call = start_dbt(config, dict(os.environ), 'show', target, '--inline', 'select session_user as answer'); "
        "print(type(call).__name__, call.stdout.read()); raise SystemExit(call.wait())"
    )
    done = stack.execute("scheduler", "python", "docker/desk/run.py", "python", "-c", program)
    assert done.returncode == 0 and "ServedCall" in done.stdout and "desk_dbt" in done.stdout, done.stdout


def test_dbt_reaches_the_database_from_its_own_environment(stack):
    """`dbt debug` connects as dbt's role, with a read-only project folder."""
    done = stack.execute(
        "dbt-server", "python", "docker/desk/run.py", "/opt/dbt-venv/bin/dbt", "debug", "--connection",
        "--project-dir", "dbt_project", "--profiles-dir", "dbt_project",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]


def test_a_killed_postgres_comes_back_and_everything_with_it(stack):
    """SIGKILL to Postgres: it is started again, recovers, and every service is healthy again."""
    # Through the process: `docker kill` would count as stopped by hand, which is not restarted.
    with stack.restart_of("postgres", within_s=60):
        kill = "kill -KILL $(head -1 /var/lib/postgresql/data/cluster/postmaster.pid)"
        assert stack.execute("postgres", "bash", "-c", kill).returncode == 0
    stack.wait_until_healthy()


# Those of one row hang at the same time: none of them is asked by way of another.
@pytest.mark.parametrize("services", [("scheduler", "confirm-page", "watcher"), ("postgres", "api-server")])
def test_what_hangs_is_started_again_and_told(stack, services):
    """SIGSTOP of everything in a container: Docker sees that it is unhealthy, and would leave it so."""
    # The watcher is given five minutes for a round; they are over.
    round_file = "/var/trading-ops/run/watcher.round"
    stop = f"kill -s STOP -- -1; [ ! -e {round_file} ] || touch -d '6 minutes ago' {round_file}"
    with ExitStack() as restarts:
        for service in services:
            restarts.enter_context(stack.restart_of(service, within_s=300))
            stack.execute(service, "sh", "-c", stop)
    stack.wait_until_healthy()
    told = "select split_part(dedupe_key, ':', 2) from desk.incidents where code = 'COMPONENT_DOWN'"
    command = ("psql", "-U", "postgres", "-d", "trading_ops", "-At", "-c", told)
    deadline = time.monotonic() + 150
    while not set(services) <= set(stack.execute("postgres", *command).stdout.split()):
        assert time.monotonic() < deadline, stack.execute("watcher", "ls", "/var/trading-ops/troubles").stdout
        time.sleep(1)


def test_starting_again_changes_no_secret_and_no_person(stack):
    """`up` runs the one-shots a second time on the same volumes; whatever is there already stays."""
    secrets = ("sh", "-c", "cat /secrets/airflow/* | sha256sum")
    people = "select person_id, password_hash from desk.people order by 1"
    query = ("psql", "-U", "postgres", "-d", "trading_ops", "-At", "-c", people)
    before = stack.execute("api-server", *secrets).stdout, stack.execute("postgres", *query).stdout
    assert len(before[1].splitlines()) == 2
    stack.run("up", "-d", timeout_s=600)
    for name in ("make-secrets", "migrate", "prepare-airflow"):
        assert (
            docker("inspect", "--format", "{{.State.ExitCode}}", stack.container(name)).stdout.strip() == "0"
        )
    assert (stack.execute("api-server", *secrets).stdout, stack.execute("postgres", *query).stdout) == before
