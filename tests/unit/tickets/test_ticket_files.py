"""Files are absent or whole."""

import os

import pytest

from trading_ops.files import write_whole
from trading_ops.tickets.files import write_ticket_files


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


def test_other_users_of_the_machine_read_no_ticket(tmp_path):
    """A new file and its folder are the desk's user's alone, also an open folder; a file keeps its mode."""
    folder = tmp_path / "tickets"
    folder.mkdir(mode=0o755)
    write_ticket_files({"ticket_id": "t", "body_markdown": "text", "body_json": "{}"}, folder)
    modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "t.md", folder / "t.json")]
    assert modes == [0o700, 0o600, 0o600]
    (folder / "t.md").chmod(0o640)
    write_whole(folder / "t.md", b"text")
    assert (folder / "t.md").stat().st_mode & 0o777 == 0o640
