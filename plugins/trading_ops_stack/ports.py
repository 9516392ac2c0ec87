"""
The ports of a desk: whether one is taken on this machine, and which a new desk gets.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from trading_ops import accepted
from trading_ops.settings import FILE_NAME, LIVE_DESK, variable

# From one try to the next, so that the ports of a desk stay together and can be remembered.
_STEP = 10


def is_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether anybody listens there."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def free_ports(usual: Mapping[str, int], folder: Path) -> dict[str, int]:
    """
    Return the ports of a desk to be made in a folder, by the names of their settings.

    What the environment names is kept; the others are the usual ones or, all of them some tens further, the
    first on which nobody listens and which no desk beside this one or below `var` names. Raises ValueError
    for a port of the environment that is none or is used.
    """
    used = {port for desk in (folder, LIVE_DESK) for port in _named_beside(desk)}
    named: dict[str, int] = {}
    for name in usual:
        text = os.environ.get(variable(name))
        if not text:
            continue
        try:
            named[name] = accepted.port(text)
        except ValueError as error:
            raise ValueError(f"{variable(name)}={text!r}: {error}") from None
        if named[name] in used or is_taken(named[name]):
            raise ValueError(f"{variable(name)}={text} is used by another desk or program: name another")
        used.add(named[name])
    rest = {name: port for name, port in usual.items() if name not in named}
    tries = (
        {name: port + further for name, port in rest.items()}
        for further in range(0, 65536 - max(usual.values()), _STEP)
    )
    for ports in tries:
        if not any(port in used or is_taken(port) for port in ports.values()):
            return {name: {**named, **ports}[name] for name in usual}
    raise ValueError("no free ports were found: name them, such as TRADING_OPS_DB_PORT=54429")


def _named_beside(folder: Path) -> Iterator[int]:
    """Yield the ports that the files of the desks in the same folder name, and that of the folder itself."""
    for path in (folder.parent / FILE_NAME, *folder.parent.glob(f"*/{FILE_NAME}")):
        try:
            yield from (int(text) for name, text in accepted.lines_of_file(path) if name.endswith("_PORT"))
        except ValueError:
            # A desk nobody here may use; when it runs, it is found listening.
            continue
