"""One command at a time starts or ends parts of a desk."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from trading_ops.settings import Settings
from trading_ops_stack.card import StackError
from trading_ops_stack.environment import state_folder

# Longer than the supervisor needs to end and start a part.
PATIENCE_S = 45.0


@contextmanager
def only_one(config: Settings, patience_s: float | None = None) -> Iterator[None]:
    """
    Hold the stack's lock; it is released by the kernel when the holder dies.

    Raises StackError when another has it for longer than patience_s.
    """
    deadline = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
    path = state_folder(config) / "run/lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise StackError(
                        "another `make up`, `make down` or `trading-ops day` is at work on this desk: wait for it"
                    ) from None
                time.sleep(0.2)
        yield
