"""Programs a task starts, which must not outlive it."""

import shutil
import signal


def bound_to_parent(what: signal.Signals) -> list[str]:
    """
    Return what a command is begun with so that it gets a signal when its parent dies; nothing where that
    cannot be.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", what.name.removeprefix("SIG")] if setpriv else []
