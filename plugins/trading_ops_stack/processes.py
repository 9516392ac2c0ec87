"""
Long-running processes, each in its own process group with a pid file.

A pid file names the process, the moment it started and the boot of the machine, so a number that the machine
has given to another program since is never mistaken for ours and never killed.
"""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# What a component ended with stands in its log; the supervisor starts it again.
_RUN = 'name=$1; shift; "$@"; echo "trading-ops: $name ended with exit code $?"'


@dataclass(frozen=True)
class Process:
    """One component of the stack: its name, command line and the folders of its pid file and log."""

    name: str
    command: tuple[str, ...]
    folder: Path

    @property
    def pid_path(self) -> Path:
        """The file that names the running process."""
        return self.folder / f"run/{self.name}.pid"

    @property
    def log_path(self) -> Path:
        """Where the process writes."""
        return self.folder / f"logs/{self.name}.log"

    def start(self, environ: dict[str, str], working_folder: Path) -> None:
        """Start the process in a group of its own, unless it runs already."""
        if self.group() is not None:
            return
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            with suppress(OSError):  # a full disk keeps nobody from being started
                os.write(log.fileno(), f"trading-ops: starting {shlex.join(self.command)}\n".encode())
            child = subprocess.Popen(
                ["/bin/sh", "-c", _RUN, "trading-ops", self.name, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                cwd=working_folder,
                start_new_session=True,
            )
        try:
            self._write_pid(child.pid)
        except OSError:
            # On a full disk: nobody would find it again, and each start would add another.
            _send(os.killpg, child.pid, signal.SIGKILL)
            raise

    def _write_pid(self, pid: int) -> None:
        self.pid_path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"pid": pid, "started_ticks": _started_ticks(pid), "boot_id": _boot_id()}
        self.pid_path.write_text(json.dumps(entry))

    def become(self) -> None:
        """Let this very process be the component, in a group of its own."""
        if os.getpgrp() != os.getpid():
            os.setpgid(0, 0)
        self._write_pid(os.getpid())

    def group(self) -> int | None:
        """Return the process group, or None when nothing of it runs."""
        try:
            entry = json.loads(self.pid_path.read_text())
            group, started_ticks = int(entry["pid"]), entry["started_ticks"]
            # One of an earlier version names no boot.
            boot_id = entry.get("boot_id", _boot_id())
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if boot_id != _boot_id():
            return None
        found_ticks = _started_ticks(group)
        # The leader may be gone while its children live on: as long as they do, the number is theirs.
        if found_ticks is not None and found_ticks != started_ticks:
            return None
        return group if _members(group) else None

    def is_stopped(self) -> bool:
        """Say whether one of the group was stopped (SIGSTOP), however its siblings answer."""
        group = self.group()
        return any(state == "T" and found == group for state, _, found in _table().values())

    def log_tail(self, lines_count: int = 15) -> str:
        """Return the last lines of the log."""
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines_count:])


def stop_all(
    processes: Iterable[Process], patience_s: float = 15, with_what_they_started: bool = True
) -> list[str]:
    """
    End processes together, TERM first and KILL for what is left after patience_s; return the names that ran.

    Tasks run in groups of their own below the scheduler; those that outlive it are killed as well,
    because a retry by the next scheduler must not meet them. What a supervisor started is the desk itself,
    and may be left: then only the groups of the processes end.
    """
    processes = list(processes)
    running = {process.name: group for process in processes if (group := process.group()) is not None}
    groups = running.values() if with_what_they_started else ()
    below = {pid: _started_ticks(pid) for group in groups for pid in _descendants(group)}
    for group in running.values():
        _send(os.killpg, group, signal.SIGTERM)
        # One that was stopped goes on, to take the signal.
        _send(os.killpg, group, signal.SIGCONT)
    deadline = time.monotonic() + patience_s
    for process in processes:
        while (group := process.group()) is not None:
            if time.monotonic() >= deadline:
                _send(os.killpg, group, signal.SIGKILL)
                deadline += 5
            time.sleep(0.05)
        process.pid_path.unlink(missing_ok=True)
    for pid, started_ticks in below.items():
        if started_ticks is not None and _started_ticks(pid) == started_ticks:
            _send(os.kill, pid, signal.SIGKILL)
    return list(running)


def kill_with_children(pid: int) -> None:
    """End a process and all that it started at once."""
    for each in _below({pid}):
        _send(os.kill, each, signal.SIGKILL)


def _send(kill: Callable[[int, int], None], number: int, what: signal.Signals) -> None:
    # It may have ended by itself a moment ago.
    with suppress(ProcessLookupError):
        kill(number, what)


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started_ticks(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def _members(group: int) -> list[int]:
    """Return the processes of a group that still run; a zombie has nothing left to stop."""
    return [pid for pid, (_, _, found_group) in _table().items() if found_group == group]


def _descendants(group: int) -> set[int]:
    """Return what the group's processes started, in whatever group it is now."""
    return _below(set(_members(group)))


def _below(pids: set[int]) -> set[int]:
    table, found = _table(), set(pids)
    while more := {pid for pid, (_, parent, _) in table.items() if parent in found} - found:
        found |= more
    return found


def _table() -> dict[int, tuple[str, int, int]]:
    """Return state, parent and group of every process of the machine that is no zombie."""
    table = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # Fields after the command name, which may itself hold spaces and brackets.
            state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if state != "Z":
            table[int(entry.name)] = (state, int(parent), int(group))
    return table
