"""
Files that are either absent or whole, and the desk's user's alone.

Written beside their place, flushed to the disk and renamed, so neither a crash nor a reader in
between ever sees half a file.
"""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """
    Put a file in place at once: a reader finds the old one or the whole new one.

    A new file has mode 0600; one that was there keeps its own.
    """
    # A name of its own, so two processes writing the same file do not write into each other.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        if path.exists():
            os.chmod(scratch, path.stat().st_mode & 0o777)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def private_folder(path: Path) -> Path:
    """Make a folder, or take one that is there, that its owner alone may look into, and return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path
