"""
By how much the clock of this machine is off: against NTP, as its keeper of time says, and against Postgres.

A clock nobody keeps is unknown, not right. What is recorded with a run is judged by the risk gate. Of chrony
it is the bound of the error, by its own definition: the offset, half the root delay and the root dispersion,
which grows while no server answers. Systemd-timesyncd says its offset alone, as of the last answer.
"""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from trading_ops.db.connect import queries

_TIMEOUT_S = 5
_UNITS_MS = {
    "us": Decimal("0.001"),
    "ms": Decimal(1),
    "s": Decimal(1000),
    "min": Decimal(60_000),
    "h": Decimal(3_600_000),
}
# Of `chronyc -c tracking`: whom it follows; in seconds the offset of the system's clock, the root delay and
# the root dispersion; whether it follows.
_CHRONY_REFERENCE, _CHRONY_OFFSET, _CHRONY_DELAY, _CHRONY_DISPERSION, _CHRONY_LEAP = 0, 4, 10, 11, -1
# It follows itself (`local` in chrony.conf), and then it is always right.
_CHRONY_ITSELF = "7F7F0101"
_SECONDS = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class NtpOffset:
    """Who keeps the clock, and by how many milliseconds it is off; by chrony at most, and never negative."""

    source: str
    offset_ms: Decimal


def ntp_offset() -> NtpOffset | None:
    """Return what chrony says, or else systemd-timesyncd; None when neither keeps the clock."""
    return chrony_offset(_said("chronyc", "-c", "tracking")) or timesyncd_offset(
        _said("timedatectl", "timesync-status")
    )


def chrony_offset(said: str) -> NtpOffset | None:
    """Return the bound of the error in an answer of `chronyc -c tracking`, None where it follows no clock."""
    fields = said.strip().split(",")
    if len(fields) < 14 or fields[_CHRONY_LEAP] == "Not synchronised":
        return None
    figures = [fields[place] for place in (_CHRONY_OFFSET, _CHRONY_DELAY, _CHRONY_DISPERSION)]
    if fields[_CHRONY_REFERENCE] == _CHRONY_ITSELF or not all(map(_SECONDS.fullmatch, figures)):
        return None
    offset_s, delay_s, dispersion_s = (abs(Decimal(figure)) for figure in figures)
    return NtpOffset("chrony", (offset_s + delay_s / 2 + dispersion_s) * 1000)


def timesyncd_offset(said: str) -> NtpOffset | None:
    """Return the offset in an answer of `timedatectl timesync-status`, None where no server has answered."""
    found = re.search(r"^\s*Offset: ([+-]?)([0-9][0-9a-z. ]*)$", said, re.MULTILINE)
    if found is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|min|s|h)", found[2])
    if "".join(number + unit for number, unit in parts) != found[2].replace(" ", ""):
        return None
    offset_ms = sum((Decimal(number) * _UNITS_MS[unit] for number, unit in parts), Decimal(0))
    return NtpOffset("timesyncd", -offset_ms if found[1] == "-" else offset_ms)


def machine_now() -> datetime:
    """Return the machine's own time, for what is said of the machine; the desk has another (db.clock)."""
    return datetime.now(UTC)


def record_clock(connection: psycopg.Connection, run_id: str) -> None:
    """Record how far off the machine's clock is, once per run; as desk_planner, commits nothing."""
    ntp = ntp_offset()
    asked_at = machine_now()
    database_at = queries.clock.real_now_at(connection)
    answered_at = machine_now()
    # Half of the way there and back; on one machine that is a fraction of a millisecond.
    off = database_at - (asked_at + (answered_at - asked_at) / 2)
    queries.clock.insert_clock_reading(
        connection,
        run_id=run_id,
        ntp_source=ntp and ntp.source,
        ntp_offset_ms=ntp and ntp.offset_ms,
        database_offset_ms=Decimal(round(off.total_seconds() * 1_000_000)) / 1000,
    )


def _said(*command: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            errors="replace", timeout=_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
