"""
The dead man's switch: from outside the desk, whether it has spoken when it should.

It needs neither Postgres nor a process of the desk: the calendar, a file that the delivery of the daily
report leaves, and the mail account. So it tells of what the watcher cannot: a desk on which nothing runs.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from trading_ops.comms.account import Undelivered
from trading_ops.comms.channels import read_channels
from trading_ops.comms.letters import Letter, compose
from trading_ops.comms.mail import spoken_file
from trading_ops.comms.post import send_now
from trading_ops.files import write_whole
from trading_ops.settings import Settings
from trading_ops.watch.duties import Duty, newest_report
from trading_ops.wording.instants import in_full

# The watcher tells of a report that is late; whoever listens from outside waits until it has had the time.
GRACE = timedelta(minutes=15)
# The notes are this long at least, so that more of them still fit in where they lie.
_ROOM_BYTES = 1024


@dataclass(frozen=True)
class Heard:
    """The newest report that is due, whether people have it, and a line per letter that did not go out."""

    duty: Duty
    is_well: bool
    faults: tuple[str, ...] = ()


def listen(config: Settings, now_at: datetime) -> Heard:
    """
    Look whether the report that is due was handed over, and tell both people and the channels once if not.

    The first call begins to listen: what was due before it is not missed. A letter that does not go out is
    tried again by the next call, one that cannot be noted is not sent. Raises CalendarError beyond the
    calendar, OSError without the data folder.
    """
    duty = newest_report(now_at - GRACE)
    spoken = spoken_file(config).read_text() if spoken_file(config).exists() else ""
    notes = _read_notes(config, now_at)
    if spoken >= str(duty.session) or datetime.fromisoformat(notes["since"]) > duty.run_at:
        return Heard(duty, True)
    # What an earlier silence told is over with it.
    notes["told"] = [key for key in notes["told"] if key.startswith(f"{duty.session} ")]
    faults = []
    for recipient in _recipients(config, faults):
        if f"{duty.session} {recipient}" not in notes["told"]:
            faults += _tell(config, duty, recipient, notes)
    return Heard(duty, False, tuple(faults))


def notes_file(config: Settings) -> Path:
    """Return the file of whoever listens: since when, and who was told of which silence."""
    return config.data / "listening"


def _tell(config: Settings, duty: Duty, recipient: str, notes: dict) -> list[str]:
    """Send one letter, noted before it goes, and return what kept it from going."""
    notes["told"].append(f"{duty.session} {recipient}")
    try:
        _write_notes(config, notes)
    except OSError as error:
        # Who cannot be noted would be written to every quarter of an hour.
        notes["told"].pop()
        return [f"{recipient}: that it was told cannot be noted: {error}"]
    status, said = send_now("silence", _letter(config, duty), recipient, config)
    if status == "sent":
        return []
    notes["told"].pop()
    _write_notes(config, notes)
    return [f"{recipient}: {status}: {said}"]


def _letter(config: Settings, duty: Duty) -> Letter:
    return compose(
        f"The desk {config.portfolio_id} is silent",
        [
            f"The report on the session of {duty.session} was due {in_full(duty.due_at)} and was not handed over.",
            "This letter comes from outside the desk, which says nothing itself: it, its database or its machine "
            "is down, or its mail does not go out. Until it speaks again, follow no ticket.",
        ],
        facts=[
            ("What to do", "`make status`, then `make up` on the desk's machine"),
            ("More", "docs/RUNBOOK.md#the-desk-is-silent"),
        ],
        link=config.page_url,
    )


def _recipients(config: Settings, faults: list[str]) -> list[str]:
    people = dict.fromkeys((config.operator_email, config.executor_email))
    try:
        return [*people, *read_channels(config.channels)]
    except Undelivered as reason:
        faults.append(f"channels: {reason}")
        return list(people)


def _read_notes(config: Settings, now_at: datetime) -> dict:
    if notes_file(config).exists():
        return json.loads(notes_file(config).read_text())
    notes = {"since": now_at.isoformat(), "told": []}
    _write_notes(config, notes)
    return notes


def _write_notes(config: Settings, notes: dict) -> None:
    content = json.dumps(notes).encode().ljust(_ROOM_BYTES)
    try:
        write_whole(notes_file(config), content)
    except OSError:
        # A full disk takes no new file, but what fits into the old one.
        with notes_file(config).open("r+b") as file:
            file.write(content)
            file.truncate()
