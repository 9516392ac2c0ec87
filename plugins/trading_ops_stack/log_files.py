"""
The logs of a desk on one machine, kept small: once a day what is long is cut, and old logs of tasks go.

The processes keep their files open, so a log is copied and emptied, not moved; a line written in between is
lost. The desk's own log (`trading_ops.desk_log`) is a file a day and takes its old ones away itself.
"""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from trading_ops.desk_log import KEPT_DAYS
from trading_ops.settings import Settings
from trading_ops_stack.environment import state_folder

BYTES_MAX = 100 * 1024**2
DAY_S = 86_400


def tidy(config: Settings, now_s: float) -> list[str]:
    """
    Cut what is longer than BYTES_MAX, its end kept as `<name>.1`, and remove what tasks said KEPT_DAYS ago.

    Returns a line for what was done, and one for each log that could not be cut.
    """
    folder, said = state_folder(config), []
    for path in (*sorted((folder / "logs").glob("*.log")), folder / "postgres/server.log"):
        try:
            if path.stat().st_size > BYTES_MAX:
                _cut(path)
                said.append(f"{path} was cut; its end is {path.name}.1")
        except FileNotFoundError:
            continue
        except OSError as error:
            said.append(f"{path} cannot be cut: {error}")
    removed = _remove_old(folder / "logs/tasks", now_s - KEPT_DAYS * DAY_S)
    return (
        [*said, f"{removed} logs of tasks of more than {KEPT_DAYS} days ago are removed"] if removed else said
    )


def _cut(path: Path) -> None:
    kept = path.with_name(f"{path.name}.1")
    kept.unlink(missing_ok=True)
    kept.touch(stat.S_IMODE(path.stat().st_mode))
    with path.open("rb") as log, kept.open("wb") as end:
        log.seek(-BYTES_MAX, os.SEEK_END)
        shutil.copyfileobj(log, end)
    os.truncate(path, 0)


def _remove_old(folder: Path, before_s: float) -> int:
    """Remove files and folders in which nothing was written since, and return how many files they were."""
    # Before anything is removed, which is a change to the folder it was in.
    found = [(Path(parent), names, os.stat(parent).st_mtime) for parent, _, names in os.walk(folder)]
    count = 0
    for parent, names, changed_s in reversed(found):
        for path in (parent / name for name in names):
            with suppress(OSError):
                if path.lstat().st_mtime < before_s:
                    path.unlink()
                    count += 1
        with suppress(OSError):
            # One that holds something stays: it says so itself.
            if changed_s < before_s:
                parent.rmdir()
    return count
