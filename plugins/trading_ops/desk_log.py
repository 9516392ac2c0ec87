"""
The desk's log: what its verbs, tasks and page did, a line of JSON each, in `logs/` beside the data folder.

A file holds a day in UTC, and every process appends whole lines to it, so nothing has to be moved while it is
written; a new day's file takes away those of KEPT_DAYS before. A line names no password and holds no field of
a form: a verb is told by its name, a page by its path. Where the folder cannot be written nothing is, and
whoever was at work goes on.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trading_ops.settings import Settings

KEPT_DAYS = 60
# A whole traceback, and no page of data.
_MESSAGE_CHARS_MAX = 4_000


def write(
    config: Settings, component: str, message: str, run_id: str | None = None, level: str = "INFO"
) -> None:
    """Append a line: time (UTC, of this machine), level, component, run_id and message."""
    at = datetime.now(UTC)
    line = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level,
        "component": component,
        "run_id": run_id,
        "message": message[:_MESSAGE_CHARS_MAX],
    }
    # Only beside a desk that is there: the folder of one that was never set up is not begun with a log.
    folder = config.data.parent / "logs"
    with suppress(OSError):
        folder.mkdir(mode=0o750, exist_ok=True)
        _append(_file_of(folder, at), (json.dumps(line, ensure_ascii=False) + "\n").encode(errors="replace"))


def _append(path: Path, line: bytes) -> None:
    if not path.exists():
        _remove_old(path)
    # One write at the end of the file: lines of two processes never mix.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _remove_old(newest: Path) -> None:
    day = datetime.fromisoformat(newest.stem.removeprefix("desk-"))
    oldest = _file_of(newest.parent, day - timedelta(days=KEPT_DAYS))
    for path in newest.parent.glob("desk-*.jsonl"):
        # Days sort as they follow each other.
        if path.name < oldest.name:
            path.unlink(missing_ok=True)


def _file_of(folder: Path, at: datetime) -> Path:
    return folder / f"desk-{at:%Y-%m-%d}.jsonl"
