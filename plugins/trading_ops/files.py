"""
Files that are either absent or whole.

Written beside their place, flushed to the disk and renamed, so neither a crash nor a reader in
between ever sees half a file.
"""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place at once: a reader finds the old one or the whole new one."""
    # A name of its own, so two processes writing the same file do not write into each other.
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
