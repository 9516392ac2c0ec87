"""
An export of another executor's fills on disk: which kind it is by its content, its size and its digest.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trading_ops.imported_fills.csv_export import fills_of_csv
from trading_ops.imported_fills.fill import FillsError, ImportedFill
from trading_ops.imported_fills.sqlite_export import fills_of_sqlite, is_sqlite

# A million trades are 300 MB.
BYTES_MAX = 1_000_000_000
_KNOWN = "the CSV or the SQLite file of Hummingbot's trades is expected"


@dataclass(frozen=True)
class ExportedFile:
    """A file that can be read; whether it is understood shows as its fills come."""

    path: Path
    kind: str
    sha256: str

    def fills(self) -> Iterator[ImportedFill]:
        """Yield its fills, one of each name. Raises FillsError at the first mistake."""
        found = fills_of_sqlite(self.path) if self.kind == "hummingbot_sqlite" else self._of_csv()
        return _each_once(found, self.path.name)

    def _of_csv(self) -> Iterator[ImportedFill]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as lines:
                yield from fills_of_csv(lines, self.path.name)
        except UnicodeDecodeError:
            raise FillsError(f"{self.path.name}: no UTF-8 text; {_KNOWN}") from None


def open_export(path: Path) -> ExportedFile:
    """Return the export a path names. Raises FillsError for what is none."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FillsError(f"{path}: no file; {_KNOWN}")
        if size > BYTES_MAX:
            raise FillsError(f"{path.name}: {size} bytes are more than {BYTES_MAX}; export a shorter time")
        with path.open("rb") as opened:
            head = opened.read(1024)
            opened.seek(0)
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as problem:
        raise FillsError(f"{path}: cannot be read: {problem.strerror}") from None
    if not size:
        raise FillsError(f"{path.name}: it is empty; {_KNOWN}")
    if is_sqlite(head):
        return ExportedFile(path, "hummingbot_sqlite", sha256)
    if b"\0" in head or head.startswith((b"PK\3\4", b"\x1f\x8b", b"%PDF")):
        raise FillsError(f"{path.name}: neither text nor SQLite; {_KNOWN}, unpacked")
    return ExportedFile(path, "hummingbot_csv", sha256)


def _each_once(fills: Iterator[ImportedFill], file: str) -> Iterator[ImportedFill]:
    """Pass over a fill that stands there again, as in files put together; refuse it with other figures."""
    seen: dict[bytes, bytes] = {}
    for fill in fills:
        key, said = (_digest(part) for part in (fill.key, fill.as_request()))
        earlier = seen.setdefault(key, said)
        if earlier is said:
            yield fill
        # In a table of trades two rows are two trades, and a name they share tells them no more apart.
        elif earlier != said or fill.kept_as != "text":
            other = ", with other figures" if earlier != said else ""
            other += "" if fill.kept_as == "text" else ": import the CSV of the same trades"
            raise FillsError(
                f"{file}, {fill.place}: trade {fill.exchange_trade_id} of order {fill.order_id} on {fill.market} "
                f"stands there twice{other}"
            )
    if not seen:
        raise FillsError(f"{file}: no fill in it")


def _digest(part: object) -> bytes:
    return hashlib.blake2b(repr(part).encode(), digest_size=16).digest()
