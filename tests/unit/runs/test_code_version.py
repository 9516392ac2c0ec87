"""The code version: from git, from the image, or an error."""

import subprocess

import pytest

from trading_ops.runs.code_version import CodeVersionError, code_version
from trading_ops.settings import PROJECT_ROOT


def git(folder, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        check=True,
        capture_output=True,
    )


def test_a_changed_checkout_is_dirty(tmp_path):
    """Also by a file git does not know yet, which could be a module."""
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("a = 1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    commit, is_dirty = code_version(tmp_path)
    assert (len(commit), is_dirty) == (40, False)
    (tmp_path / "b.py").write_text("b = 1\n")
    assert code_version(tmp_path) == (commit, True)


def test_environments_that_are_links_leave_a_checkout_clean(tmp_path):
    """A clone that shares its environments with another one runs the same code."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text((PROJECT_ROOT / ".gitignore").read_text())
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    for name in (".venv", ".venv-dbt", ".venv-qlib", ".venv-uv"):
        (tmp_path / name).symlink_to(tmp_path)
    assert not code_version(tmp_path)[1]


def test_an_image_knows_its_commit_from_its_build(tmp_path):
    """Without .git the file counts; without either the error says so."""
    with pytest.raises(CodeVersionError, match="neither .git nor a BUILD_COMMIT"):
        code_version(tmp_path)
    (tmp_path / "BUILD_COMMIT").write_text("0123456789abcdef dirty\n")
    assert code_version(tmp_path) == ("0123456789abcdef", True)
    (tmp_path / "BUILD_COMMIT").write_text("0123456789abcdef\n")
    assert code_version(tmp_path) == ("0123456789abcdef", False)
    (tmp_path / "BUILD_COMMIT").write_text("unknown\n")
    with pytest.raises(CodeVersionError, match="the commit 'unknown'"):
        code_version(tmp_path)
