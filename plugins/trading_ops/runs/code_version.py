"""
Which code runs: the commit, and whether anything was changed since.

A run names both, so a ticket can be traced to the code that made it. Unknown code is an error.
"""

import re
import subprocess
from pathlib import Path

_COMMIT = re.compile("[0-9a-f]{7,40}")


class CodeVersionError(Exception):
    """The commit of the running code cannot be told; the message says why."""


def code_version(root: Path) -> tuple[str, bool]:
    """
    Return the commit the code under a folder is at, and whether it was changed since.

    An image has no .git; its build leaves the commit in a file named BUILD_COMMIT, followed by the
    word dirty if it was.
    """
    if (root / ".git").exists():
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain"))
    build_file = root / "BUILD_COMMIT"
    words = build_file.read_text().split() if build_file.exists() else []
    if not words or not _COMMIT.fullmatch(words[0]):
        found = f"the commit {words[0]!r}" if words else "neither .git nor a BUILD_COMMIT file"
        raise CodeVersionError(f"the code version is unknown: {root} has {found}")
    return words[0], "dirty" in words[1:]


def _git(root: Path, *arguments: str) -> str:
    # The checkout may belong to another account than the one that runs the desk; only reads follow.
    # Without optional locks, `status` never stands in the way of somebody's commit.
    options = ["--no-optional-locks", "-c", f"safe.directory={root}", "-C", str(root)]
    try:
        done = subprocess.run(
            ["git", *options, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CodeVersionError(f"the code version is unknown: git does not run ({error})") from error
    if done.returncode != 0:
        raise CodeVersionError(f"the code version is unknown: git says {done.stderr.strip()}")
    return done.stdout.strip()
