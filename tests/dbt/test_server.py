"""
The process that has dbt imported: what it runs ends as a dbt of its own would, and its loss costs time only.
"""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tests.conftest import admin, environment_of
from trading_ops.settings import PROJECT_ROOT
from trading_ops_airflow.dbt import command
from trading_ops_airflow.dbt.command import ServedCall, server_command, server_socket, start_dbt

SLEEP = ("show", "--inline", "select pg_sleep(120)")
ONE = ("show", "--inline", "select 41 + 1 as answer")


class Desk:
    """A desk with a dbt server of its own, whose calls need no table."""

    def __init__(self, config) -> None:
        self.config = config
        self.environ = environment_of(config) | {"PATH": os.environ["PATH"], "HOME": str(config.data)}
        self.calls = 0
        self.server: subprocess.Popen | None = None

    def serve(self) -> subprocess.Popen:
        """Start the server and return it once it answers."""
        self.server = subprocess.Popen(
            server_command(self.config), env=self.environ, stdout=subprocess.DEVNULL
        )
        wait_until(server_socket(self.config).exists)
        return self.server

    def start(self, verb: str, *options: str):
        """Start a call in a target folder of its own."""
        self.calls += 1
        target = self.config.data / f"target{self.calls}"
        target.mkdir(parents=True)
        return start_dbt(self.config, self.environ, verb, target, *options)


@pytest.fixture(scope="module")
def shared(cluster, tmp_path_factory):
    """A desk whose server runs for every test that leaves it running."""
    config = dataclasses.replace(
        cluster, db_name="desk_served", data=tmp_path_factory.mktemp("served") / "data"
    )
    with admin(cluster) as connection:
        connection.execute("create database desk_served template template_desk owner desk_owner")
    shared = Desk(config)
    shared.serve()
    # The first call waits for the parse, which the other servers find then.
    assert shared.start(*ONE).wait() == 0
    yield shared
    shared.server.kill()
    shared.server.wait()
    with admin(cluster) as connection:
        connection.execute("drop database desk_served with (force)")


@pytest.fixture
def own(shared, tmp_path):
    """The same database with a server of the test's own."""
    own = Desk(dataclasses.replace(shared.config, data=tmp_path / "var/data"))
    shutil.copytree(shared.config.data / "dbt", own.config.data / "dbt")
    yield own
    if own.server:
        own.server.kill()
        own.server.wait()


def wait_until(is_so, timeout_s: float = 60) -> None:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sleeping(own) -> int:
    """Return how many calls are in the long statement; what a killed one left behind is ended first."""
    alive = [pid for handler in children_of(own.server.pid) for pid in children_of(handler)]
    with admin(own.config) as connection:
        found = "from pg_stat_activity where datname = %s and query like '%%pg_sleep(120)%%' and pid <> pg_backend_pid()"
        if not alive:
            connection.execute(f"select pg_terminate_backend(pid) {found}", (own.config.db_name,))
        return connection.execute(f"select count(*) {found}", (own.config.db_name,)).fetchone()[0]


def children_of(pid: int) -> list[int]:
    """Return the forks of a process that still run; Python's own helpers beside them are none."""
    listing = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listing.stdout.splitlines() if "warm_dbt" in line]


def test_a_served_call_says_and_ends_like_dbt_itself(shared):
    """Its output comes through, and so do a success and a failure; the server goes on after both."""
    good = shared.start(*ONE)
    assert isinstance(good, ServedCall)
    assert "42" in good.stdout.read() and good.wait() == 0
    bad = shared.start("build", "--selector", "no_such_selector")
    assert isinstance(bad, ServedCall)
    assert "no_such_selector" in bad.stdout.read() and bad.wait() == 1
    again = shared.start(*ONE)
    assert isinstance(again, ServedCall) and "42" in again.stdout.read() and again.wait() == 0


def test_two_calls_run_side_by_side(shared):
    """A long call keeps nobody waiting."""
    wait_until(lambda: sleeping(shared) == 0)
    long = shared.start(*SLEEP)
    wait_until(lambda: sleeping(shared) == 1)
    short = shared.start(*ONE)
    assert isinstance(short, ServedCall) and short.wait() == 0
    long.terminate()
    assert long.wait() < 0


def test_a_killed_client_takes_its_call_with_it(shared):
    """A second try of the task must not meet the first one's dbt in the same tables."""
    program = (
        "import json, sys; from pathlib import Path; from trading_ops.settings import Settings; "
        "from trading_ops_airflow.dbt.command import start_dbt, ServedCall; import dataclasses, os; "
        "config = dataclasses.replace(Settings(), data=Path(sys.argv[1])); "
        "call = start_dbt(config, dict(os.environ), *sys.argv[2:4], *sys.argv[4:]); "
        "assert isinstance(call, ServedCall); call.wait()"
    )
    target = shared.config.data / "killed"
    target.mkdir(parents=True)
    verb, *options = SLEEP
    wait_until(lambda: sleeping(shared) == 0)
    client = subprocess.Popen(
        [sys.executable, "-c", program, str(shared.config.data), verb, str(target), *options],
        env={**shared.environ, "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
    )
    wait_until(lambda: sleeping(shared) == 1)
    client.kill()
    client.wait()
    wait_until(lambda: not children_of(shared.server.pid))
    # Postgres notices a moment later that nobody listens.
    wait_until(lambda: sleeping(shared) == 0)


def test_a_killed_server_takes_its_calls_with_it_and_the_next_one_runs_alone(own):
    """The call that was under way ends like a killed dbt, which Airflow tries again."""
    own.serve()
    wait_until(lambda: sleeping(own) == 0)
    call = own.start(*SLEEP)
    wait_until(lambda: sleeping(own) == 1)
    (handler,) = children_of(own.server.pid)
    (dbt,) = children_of(handler)
    own.server.kill()
    own.server.wait()
    assert call.wait() == -signal.SIGKILL
    wait_until(lambda: not os.path.exists(f"/proc/{dbt}"))
    alone = own.start(*ONE)
    assert isinstance(alone, subprocess.Popen)
    assert "42" in alone.stdout.read() and alone.wait() == 0


def test_a_killed_dbt_ends_with_its_signal(shared):
    """A negative code says that somebody killed it, which says nothing about the data."""
    wait_until(lambda: sleeping(shared) == 0)
    call = shared.start(*SLEEP)
    wait_until(lambda: sleeping(shared) == 1)
    (handler,) = children_of(shared.server.pid)
    (dbt,) = children_of(handler)
    os.kill(dbt, signal.SIGKILL)
    assert call.wait() == -signal.SIGKILL


def test_a_server_that_hangs_is_not_waited_for(own, monkeypatch):
    """Stopped, it takes no call; when it wakes up it begins none for a client that has gone."""
    own.serve()
    own.start(*ONE).wait()
    monkeypatch.setattr(command, "_START_TIMEOUT_S", 1)
    own.server.send_signal(signal.SIGSTOP)
    call = own.start(*ONE)
    assert isinstance(call, subprocess.Popen) and call.wait() == 0
    own.server.send_signal(signal.SIGCONT)
    monkeypatch.setattr(command, "_START_TIMEOUT_S", 60)
    assert isinstance(own.start(*ONE), ServedCall)


def test_a_server_of_other_code_is_not_asked_and_ends(own, tmp_path, monkeypatch):
    """After an upgrade in place the old server ends, and whoever keeps it starts the new one."""
    entry = tmp_path / "warm_dbt"
    shutil.copytree(command.ENTRY, entry)
    monkeypatch.setattr(command, "ENTRY", entry)
    server = own.serve()
    assert isinstance(own.start(*ONE), ServedCall)
    with (entry / "calls.py").open("a") as newer:
        newer.write("# newer\n")
    assert isinstance(own.start(*ONE), subprocess.Popen)
    assert server.wait(timeout=60) == 0


def test_garbage_is_refused_and_ends_no_server(shared):
    """Each is told so, also who hangs up; the next call is served."""
    for garbage in (b"[]\n", b"null\n", b"{}\n", b"[" * 100_000 + b"\n", b"x" * 3_000_000, b""):
        with command._connected(server_socket(shared.config)) as connection:
            with suppress(ConnectionError):
                connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                assert b"this is no request" in connection.recv(1000)
    assert isinstance(good := shared.start(*ONE), ServedCall) and good.wait() == 0


def test_a_call_that_cannot_run_says_why_to_its_caller(shared, monkeypatch):
    """What goes wrong after its start is in its output, and its exit code is that of a crash."""
    monkeypatch.setattr(shared, "environ", shared.environ | {"TRADING_OPS_ODD": "a\0b"})
    call = shared.start(*ONE)
    assert isinstance(call, ServedCall)
    assert "null byte" in call.stdout.read() and call.wait() == 2


def test_an_editor_s_lock_and_a_project_that_vanishes_end_no_server(own, tmp_path, monkeypatch):
    """Also one that was there first; without a project a call fails, and the next one with it does not."""
    project = tmp_path / "project"
    shutil.copytree(command.PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(command, "PROJECT", project)
    (project / "models/.#before.sql").symlink_to("somebody@desk.1234")
    server = own.serve()
    assert isinstance(first := own.start(*ONE), ServedCall) and first.wait() == 0
    (project / "models/.#while.sql").symlink_to("somebody@desk.1234")
    assert isinstance(second := own.start(*ONE), ServedCall) and second.wait() == 0
    project.rename(tmp_path / "away")
    assert isinstance(third := own.start(*ONE), ServedCall) and third.wait() != 0
    (tmp_path / "away").rename(project)
    assert isinstance(fourth := own.start(*ONE), ServedCall) and fourth.wait() == 0
    assert server.poll() is None


def test_nobody_else_can_enter_the_folder_of_the_socket(shared):
    """Who reaches the server runs dbt as the desk."""
    assert server_socket(shared.config).parent.stat().st_mode & 0o077 == 0
    assert server_socket(shared.config).stat().st_mode & 0o077 == 0
