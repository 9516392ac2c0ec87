"""Processes of the stack: started once, found again, stopped whole, never confused with strangers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trading_ops_stack.processes import Process, _members, _table, stop_all


@pytest.fixture
def start(tmp_path):
    """
    Return a function that starts a Python program as a component; whatever it leaves is ended afterwards.
    """
    started = []

    def run(program: str, name: str = "component") -> Process:
        process = Process(name, (sys.executable, "-c", program), tmp_path)
        process.start(dict(os.environ), tmp_path)
        started.append(process)
        return process

    yield run
    stop_all(started, patience_s=0)


def wait_for(is_true, timeout_s: float = 10) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Say whether a process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def said_by(pid: int) -> str:
    """Return the command line of a process, nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def test_a_component_is_started_once(start):
    """`make up` twice leaves one process."""
    first = start("import time; time.sleep(60)")
    group = first.group()
    assert start("import time; time.sleep(60)").group() == group


def test_a_component_is_found_and_stopped_by_another_command(start, tmp_path):
    """`make down` is another process than `make up`; the pid file is all they share."""
    group = start("import time; time.sleep(60)").group()
    assert stop_all([Process("component", ("unused",), tmp_path)]) == ["component"]
    assert not _members(group)
    assert not (tmp_path / "run/component.pid").exists()


def test_a_component_that_ignores_the_signal_is_killed_when_patience_ends(start, tmp_path):
    """Airflow's components can hang in their shutdown."""
    process = start(
        f"import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(60)"
    )
    wait_for((tmp_path / "ready").exists)
    started_at = time.monotonic()
    stop_all([process], patience_s=0.5)
    assert 0.4 < time.monotonic() - started_at < 5
    assert process.group() is None


@pytest.mark.parametrize("outlives", [False, True])
def test_a_task_outlives_no_scheduler_and_a_part_outlives_its_supervisor(start, tmp_path, outlives):
    """Airflow gives each task its own process group, out of reach of a signal; the supervisor each part."""
    process = start(
        "import subprocess, sys, time, pathlib; "
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True); "
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    wait_for(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    child = int((tmp_path / "child").read_text())
    assert is_alive(child)
    stop_all([process], with_what_they_started=not outlives)
    if outlives:
        assert is_alive(child) and process.group() is None
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: not is_alive(child))


def test_a_stale_pid_file_is_not_believed(start, tmp_path):
    """After a power cut the number may belong to a stranger, who must not be killed."""
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        process = Process("component", ("unused",), tmp_path)
        process.pid_path.parent.mkdir(parents=True)
        process.pid_path.write_text(json.dumps({"pid": stranger.pid, "started_ticks": 1}))
        assert process.group() is None
        assert stop_all([process]) == []
        assert stranger.poll() is None
        group = start("import time; time.sleep(60)").group()
        assert group not in (None, stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_the_number_of_another_boot_is_a_strangers(start):
    """The leader may be gone and its number a group's all the same: nothing of ours outlives the machine."""
    process = start("import time; time.sleep(60)")
    group, ours = process.group(), process.pid_path.read_text()
    entry = json.loads(ours) | {"boot_id": "another"}
    process.pid_path.write_text(json.dumps(entry))
    assert process.group() is None
    assert stop_all([process]) == [] and is_alive(group)
    # Of an earlier version, while it runs.
    del entry["boot_id"]
    process.pid_path.write_text(json.dumps(entry))
    assert process.group() == group


def test_what_cannot_be_found_again_is_not_left_running(start, tmp_path):
    """On a full disk the pid file cannot be written, and each look of the supervisor would start one more."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/component.pid").symlink_to("/no/such/place")
    with pytest.raises(OSError):
        start(f"import time; time.sleep(60)  # {tmp_path}")
    wait_for(lambda: not [pid for pid in _table() if str(tmp_path) in said_by(pid)], 3)


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x"}'])
def test_a_half_written_pid_file_means_nothing_runs(tmp_path, text):
    """The machine died while it was written."""
    process = Process("component", ("unused",), tmp_path)
    process.pid_path.parent.mkdir(parents=True)
    process.pid_path.write_text(text)
    assert process.group() is None


def test_the_end_of_a_component_is_in_its_log(start):
    """The exit code of a killed one is 137, which is often the kernel for want of memory."""
    process = start("exit(7)")
    wait_for(lambda: process.group() is None)
    assert "component ended with exit code 7" in process.log_tail()


def test_the_group_counts_as_running_while_any_of_it_lives(start, tmp_path):
    """Somebody killed the shell around the component; the component itself still holds its port."""
    process = start(
        f"import time, pathlib; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(60)"
    )
    group = process.group()
    wait_for((tmp_path / "ready").exists)
    os.kill(group, signal.SIGKILL)
    wait_for(lambda: not is_alive(group))
    assert process.group() == group
