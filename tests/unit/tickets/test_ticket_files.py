"""Files are absent or whole."""

import os

import pytest

from trading_ops.files import write_whole


def test_a_write_that_fails_leaves_the_old_file_and_no_scratch(tmp_path, monkeypatch):
    """The disk is full at the last moment: what was there stays, nothing else does."""
    path = tmp_path / "ticket.md"
    write_whole(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("ticket.md", b"old")]


def test_a_written_file_can_be_read_by_the_page(tmp_path):
    """Not only by the user that wrote it."""
    write_whole(tmp_path / "ticket.md", b"text")
    assert (tmp_path / "ticket.md").stat().st_mode & 0o777 == 0o644
