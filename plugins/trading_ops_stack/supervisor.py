"""
Whoever keeps the desk running: looks at each part, and ends and starts again what hangs, for ever.

    python -m trading_ops_stack.supervisor

A part that ended is started again at once, one that has a problem three looks in a row is ended first. One
that does not stay up is waited for longer each time, five minutes at most, and never given up. Each is noted,
and the watcher tells (`trading_ops.watch.troubles`). `up` and `down` go first: while one is at work nothing
is mended. Once a day long logs are cut. When this process itself ends, `status` says so, and systemd starts
it again where it is a service.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from trading_ops.settings import Settings, settings
from trading_ops.watch.own_log import say
from trading_ops.watch.troubles import note
from trading_ops_stack import health, postgres
from trading_ops_stack.card import StackError
from trading_ops_stack.components import components, start
from trading_ops_stack.lock import only_one
from trading_ops_stack.log_files import DAY_S, tidy
from trading_ops_stack.processes import stop_all

EVERY_S = 20
PROBLEMS_MAX = 3
# Until a part has answered once, as it starts.
STARTING_S = 180
# How long a part is left to itself after its first, second ... start, and when these are forgotten.
DELAYS_S = (0, 20, 60, 120, 300)
CALM_S = 900


@dataclass
class Care:
    """What the supervisor remembers of a part; times are of a clock that only goes on."""

    problems: int = 0
    was_well: bool = False
    starts: int = 0
    started_s: float = float("-inf")

    def needs_mending(self, trouble: str | None, now_s: float) -> bool:
        """Take note of what a look found, and say whether the part is to be started again now."""
        since_s = now_s - self.started_s
        if trouble is None:
            self.problems, self.was_well = 0, True
            if since_s > CALM_S:
                self.starts = 0
            return False
        if trouble != "ended":
            if not self.was_well and since_s < STARTING_S:
                return False
            self.problems += 1
            if self.problems < PROBLEMS_MAX:
                return False
        return since_s >= DELAYS_S[min(self.starts, len(DELAYS_S) - 1)]

    def mended(self, now_s: float) -> None:
        """Take note that the part was started."""
        self.problems, self.was_well, self.started_s = 0, False, now_s
        self.starts += 1


@dataclass(frozen=True)
class Part:
    """A part of the desk, what has to be well before it is judged, and how it is asked, ended and started."""

    name: str
    needs: tuple[str, ...]
    is_running: Callable[[], bool]
    problem: Callable[[], str | None]
    end: Callable[[], None]
    start: Callable[[], None]


def parts_of(config: Settings) -> Iterator[Part]:
    """Yield the parts of a desk in the order they are looked at: each after what it needs."""
    cluster = postgres.folder_of(config)
    known = components(config)
    for name, needs in health.NEEDS.items():
        is_running, problem = partial(health.is_running, config, name), partial(health.problem, config, name)
        if name == "postgres":
            end, begin = partial(postgres.end, cluster), partial(postgres.start_again, cluster, config)
        else:
            end, begin = partial(stop_all, [known[name]]), partial(start, config, known[name])
        yield Part(name, needs, is_running, problem, end, begin)


class Supervisor:
    """The parts of a desk and what is remembered of each."""

    def __init__(self, config: Settings, parts: Iterator[Part] | None = None) -> None:
        self._config = config
        self._parts = list(parts or parts_of(config))
        self._cares = {part.name: Care() for part in self._parts}

    def look(self, now_s: float) -> list[str]:
        """Look at each part once and mend what is to be mended; return a line for each that was."""
        well, news = set(), []
        for part in self._parts:
            notify("WATCHDOG=1")
            if not well.issuperset(part.needs):
                continue
            try:
                trouble = part.problem() if part.is_running() else "ended"
            except health.Unknown:
                continue
            except Exception as error:  # whoever keeps the rest running may not end of what it meets
                news.append(f"{part.name}: this look went wrong: {type(error).__name__}: {error}")
                continue
            if trouble is None:
                well.add(part.name)
            if self._cares[part.name].needs_mending(trouble, now_s):
                news += self._mend(part, trouble, now_s)
        return news

    def _mend(self, part: Part, trouble: str, now_s: float) -> list[str]:
        care = self._cares[part.name]
        try:
            with only_one(self._config, patience_s=0):
                if trouble != "ended":
                    part.end()
                care.mended(now_s)
                part.start()
        except StackError:
            return []  # `up` or `down` is at work
        except Exception as error:  # the next try may go better, and the other parts want to be looked at
            said = f"{part.name}: {trouble}, and could not be started: {error}"
        else:
            said = f"{part.name}: {trouble}, started again"
        what = {1: trouble, len(DELAYS_S) - 1: "unsteady"}.get(care.starts)
        if what:
            with suppress(OSError):  # a full disk is told by the watcher and by `status`
                note(self._config, part.name, what, time.time())
        return [said]


def notify(state: str) -> None:
    """Tell systemd, where it started this process, that it is at work."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        # Systemd may be started anew itself; the next look speaks again.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def supervise(config: Settings) -> None:
    """Look every twenty seconds until this process is asked to end."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    supervisor, tidied_s = Supervisor(config), float("-inf")
    say("the supervisor looks every 20 seconds")
    while not asked.wait(EVERY_S):
        for line in supervisor.look(time.monotonic()):
            say(line)
        if time.monotonic() - tidied_s >= DAY_S:
            tidied_s = time.monotonic()
            for line in tidy(config, time.time()):
                say(line)


if __name__ == "__main__":
    sys.exit(supervise(settings()))
