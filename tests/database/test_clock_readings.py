"""How far the machine's clock was off is recorded with a run, as its keeper says it."""

import os

import pytest

from tests.database import rows
from tests.database.planning import table
from trading_ops.config.policy_sections import Clock
from trading_ops.db.connect import connect
from trading_ops.runs.machine_clock import record_clock
from trading_ops_stack import readiness


@pytest.fixture
def chrony(tmp_path, monkeypatch):
    """Return a function that puts a keeper of the clock on the PATH which says an offset in seconds."""

    def says(offset: str) -> None:
        program = tmp_path / "bin/chronyc"
        program.parent.mkdir(exist_ok=True)
        line = f"C0248F97,ntp,2,1795910293.2,{offset},0.0,0.0,0.0,0.0,0.0,0.0,0.0,64.2,Normal"
        program.write_text(f"#!/bin/sh\n[ \"$*\" = '-c tracking' ] && echo {line}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return says


def record(desk, run_id: str) -> None:
    """Record the clock as the task that freezes does."""
    with connect("desk_planner", desk) as connection:
        record_clock(connection, run_id)


def test_a_run_records_what_was_known_of_the_clock_once(desk, chrony):
    """A task that is run again finds what it wrote; the clock was off when the run was frozen."""
    chrony("0.061000000")
    run_id = rows.add_run(desk, kind="daily")
    record(desk, run_id)
    chrony("0.000100000")
    record(desk, run_id)
    [reading] = table(desk, "clock_readings")
    assert (reading["ntp_source"], float(reading["ntp_offset_ms"])) == ("chrony", 61)
    assert abs(reading["database_offset_ms"]) < 1000


def test_a_clock_nobody_keeps_is_recorded_as_unknown(desk, tmp_path, monkeypatch):
    """Neither program is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    run_id = rows.add_run(desk, kind="daily")
    record(desk, run_id)
    [reading] = table(desk, "clock_readings")
    assert (reading["ntp_source"], reading["ntp_offset_ms"]) == (None, None)


def test_ready_says_what_the_gate_will_judge(chrony, tmp_path, monkeypatch):
    """A clock that is off keeps a desk from trading; one nobody keeps does where the policy demands it."""
    lenient, strict = (Clock(offset_ms_max=50, unknown_blocks=unknown) for unknown in (False, True))
    for offset, state in (("0.050000000", "ok"), ("-0.050001000", "MISSING")):
        chrony(offset)
        found, what, _ = readiness._clock(lenient)
        assert found == state and "within 50 ms of NTP (chrony: at most " in what
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [readiness._clock(rules)[0] for rules in (lenient, strict)] == ["open", "MISSING"]
