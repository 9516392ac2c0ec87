"""The supervisor: whatever hangs or ends is started again, for ever, and told; nothing else is touched."""

import dataclasses
import io
import os
import signal
import socket
import sys
import time

import pytest

from trading_ops.settings import Settings
from trading_ops.watch.troubles import noted
from trading_ops_stack import lock, supervisor
from trading_ops_stack.health import Unknown
from trading_ops_stack.processes import Process, stop_all
from trading_ops_stack.supervisor import CALM_S, DELAYS_S, Part, Supervisor

SLEEPS = "import time; time.sleep(60)"


@pytest.fixture
def desk(tmp_path):
    """The settings of a desk with nothing in it."""
    return dataclasses.replace(Settings(), data=tmp_path / "data")


@pytest.fixture
def part(desk):
    """Return a function that makes a part of a real process running a Python program, started once."""
    made = []

    def make(name: str, program: str = SLEEPS, needs=(), problem=None) -> tuple[Part, Process]:
        process = Process(name, (sys.executable, "-c", program), desk.data.parent)

        def start() -> None:
            process.start(dict(os.environ), desk.data.parent)

        def ask() -> str | None:
            return "hung" if process.is_stopped() else None

        start()
        made.append(process)
        is_running = lambda: process.group() is not None  # noqa: E731
        return Part(name, needs, is_running, problem or ask, lambda: stop_all([process], 0.5), start), process

    yield make
    stop_all(made, patience_s=0)


def told(desk) -> list[str]:
    """Return what is noted for the watcher, as `part.what`."""
    return [f"{trouble.part}.{trouble.what}" for trouble in noted(desk)]


def test_a_part_that_hangs_is_replaced_after_three_looks_and_its_sibling_left_alone(desk, part):
    """SIGSTOP: it lives and does nothing. Two bad looks are no proof; a good one between them counts anew."""
    (hangs, process), (sibling, other) = part("scheduler"), part("triggerer")
    stopped, untouched = process.group(), other.group()
    looks = Supervisor(desk, [hangs, sibling])
    os.killpg(stopped, signal.SIGSTOP)
    assert looks.look(0) + looks.look(20) == []
    os.killpg(stopped, signal.SIGCONT)
    assert looks.look(40) == []
    os.killpg(stopped, signal.SIGSTOP)
    assert [looks.look(now_s) for now_s in (60, 80, 100)] == [[], [], ["scheduler: hung, started again"]]
    assert process.group() not in (None, stopped)
    assert other.group() == untouched
    assert told(desk) == ["scheduler.hung"]


def test_a_part_that_keeps_ending_is_waited_for_longer_each_time_and_never_given_up(desk, part):
    """Told when it begins and once when it does not stay up; after a calm quarter of an hour anew."""
    ends, process = part("dag-processor", "exit(3)")
    looks, started = Supervisor(desk, [ends]), []
    for now_s in range(0, 2000, 20):
        while process.group() is not None:
            time.sleep(0.01)
        started += [now_s] if looks.look(now_s) else []
    gaps = [later - earlier for earlier, later in zip(started, started[1:], strict=False)]
    assert gaps[:4] == [*DELAYS_S[1:]] and set(gaps[4:]) == {DELAYS_S[-1]} and len(gaps) > 5
    assert told(desk) == ["dag-processor.ended", "dag-processor.unsteady"]
    healthy = dataclasses.replace(ends, is_running=lambda: True, problem=lambda: None)
    looks._parts = [healthy]
    assert looks.look(started[-1] + CALM_S + 1) == []
    looks._parts = [ends]
    assert looks.look(started[-1] + CALM_S + 21) == ["dag-processor: ended, started again"]


def test_nothing_is_ended_that_only_waits_for_another_or_cannot_be_judged(desk, part):
    """Without its database every part is silent; an Airflow that cannot be asked says nothing."""

    def unknown():
        raise Unknown("the API does not answer")

    database, process = part("postgres")
    waits, waiting = part("api-server", needs=("postgres",), problem=lambda: "hung")
    strange, unjudged = part("scheduler", problem=unknown)
    before = waiting.group(), unjudged.group()
    os.killpg(process.group(), signal.SIGSTOP)
    looks = Supervisor(desk, [database, waits, strange])
    news = [line for now_s in (0, 20, 40) for line in looks.look(now_s)]
    assert news == ["postgres: hung, started again"]
    assert (waiting.group(), unjudged.group()) == before


def test_a_part_that_starts_is_given_time_to_answer(desk, part):
    """Airflow needs half a minute on a busy machine; ended in the middle of it, it would never come up."""
    slow, process = part("api-server", problem=lambda: "hung")
    looks = Supervisor(desk, [slow])
    ended = [now_s for now_s in range(0, 400, 20) if looks.look(now_s)]
    assert ended == [40, 260]


def test_nothing_is_mended_while_up_or_down_is_at_work(desk, part):
    """They end and start parts themselves."""
    ends, process = part("watcher", "exit(3)")
    while process.group() is not None:
        time.sleep(0.01)
    with lock.only_one(desk):
        assert Supervisor(desk, [ends]).look(0) == []
    assert told(desk) == []


def test_systemd_hears_of_each_part_that_was_looked_at(desk, part, tmp_path, monkeypatch):
    """A supervisor that hangs says nothing, and is started again by whoever started it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        Supervisor(desk, [part("watcher")[0]]).look(0)
        assert listener.recv(100) == b"WATCHDOG=1"


@pytest.fixture
def asked_soon():
    """This process is asked to end in a moment, as systemd and `make down` ask."""
    usual = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    yield
    for number, handler in usual.items():
        signal.signal(number, handler)


def test_the_supervisor_ends_when_asked_and_leaves_the_parts_running(desk, part, monkeypatch, asked_soon):
    """`make down` ends it first; a service that is restarted finds the desk as it was."""
    kept, process = part("confirm-page")
    monkeypatch.setattr(supervisor, "parts_of", lambda config: [kept])
    supervisor.supervise(desk)
    assert process.group() is not None


def test_the_supervisor_cuts_the_logs(desk, monkeypatch, asked_soon):
    """At its first look, and then once a day."""
    cut = []
    monkeypatch.setattr(supervisor, "parts_of", lambda config: [])
    monkeypatch.setattr(supervisor, "EVERY_S", 0.05)
    monkeypatch.setattr(supervisor, "tidy", lambda config, now_s: cut.append(config) or [])
    supervisor.supervise(desk)
    assert cut == [desk]


def test_a_full_log_disk_does_not_end_who_mends(desk, monkeypatch, asked_soon):
    """What it says is lost; what ended is started all the same."""
    started = []
    ended = Part("watcher", (), lambda: False, lambda: None, lambda: None, lambda: started.append(1))
    monkeypatch.setattr(supervisor, "parts_of", lambda config: [ended])
    monkeypatch.setattr(supervisor, "EVERY_S", 0.05)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True))
    supervisor.supervise(desk)
    assert started == [1]
