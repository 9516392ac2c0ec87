"""
Statements dropped into a folder: each is imported once, and what is refused stays told until it is gone.

A file that lies there twice, or for years, is the same statement. No link is followed.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from trading_ops.db.connect import queries
from trading_ops.statements.record import import_file
from trading_ops.statements.refusal import StatementRefused
from trading_ops.statements.workbook import FILE_BYTES_MAX


@dataclass(frozen=True)
class Imported:
    """What became of the files of a folder, a sentence each."""

    kept: Sequence[str]
    refused: Sequence[str]


def folder_of(data: Path) -> Path:
    """Return where statements are dropped, below the data folder of a desk."""
    return data / "statements"


def import_folder(connection: psycopg.Connection, portfolio_id: str, folder: Path) -> Imported:
    """Import every statement of a folder that is not kept yet, each in a transaction of its own."""
    known = {row["file_sha256"] for row in queries.statements.files(connection, portfolio_id=portfolio_id)}
    connection.commit()
    kept, refused = [], []
    for path in sorted(folder.glob("*.xlsx")) if folder.is_dir() else ():
        try:
            content = read_plain(path)
            if hashlib.sha256(content).hexdigest() in known:
                continue
            with connection.transaction():
                number = import_file(connection, portfolio_id, "desk", content)
            kept.append(f"{path.name}: statement {number}")
        except StatementRefused as refusal:
            refused.append(f"{path.name}: {refusal}")
        except psycopg.IntegrityError as refusal:
            refused.append(f"{path.name}: {refusal.diag.message_primary}")
    return Imported(kept, refused)


def read_plain(path: Path) -> bytes:
    """Return a file's bytes. Raises StatementRefused for what is too large, or no plain file."""
    try:
        handle = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise StatementRefused("the file", "a file that can be read", error.strerror or "none") from None
    with handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise StatementRefused("the file", "a plain file", "a folder, a link or a device")
        return handle.read(FILE_BYTES_MAX + 1)
