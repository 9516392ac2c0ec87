"""
Files prepared ahead of the loader: read, checked, and turned into the text COPY takes.

The work runs in a thread beside the loader, so the server writes one file while the next is checked.
"""

import hashlib
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trading_ops.bars.files import VendorFile
from trading_ops.bars.parse import ParsedFile, named_series, parse_file
from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.exchange.sessions import FIRST_DATE, LAST_DATE, sessions_between
from trading_ops.sources.layout import ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, VOLUME

# How many prepared files may wait for the server.
_AHEAD_COUNT = 6
# One thread is enough: preparing a file takes less time than the server needs to write it.
_WORKER_COUNT = 1


@dataclass(frozen=True)
class PreparedFile:
    """
    One file, read and checked: accepted with its COPY text, or refused.

    `series` is (source, vendor symbol), None where a refused file does not tell; `bars_digest` is
    equal for files that hold the same bars, None where nothing was traded.
    """

    name: str
    sha256: str
    size_bytes: int
    duration_s: float
    series: tuple[str, str] | None
    parsed: ParsedFile | None
    copy_text: bytes
    bars_digest: bytes | None
    refusal: Refusal | None


def prepare_files(found: list[VendorFile], load_id: int, newest_date: date) -> Iterator[PreparedFile]:
    """Yield the prepared files in order; `load_id` goes into their COPY text."""
    newest = np.datetime64(newest_date)
    sessions = session_dates()
    with ThreadPoolExecutor(_WORKER_COUNT) as workers:
        ahead: deque = deque()
        for one in found:
            ahead.append(workers.submit(_prepare, one, load_id, newest, sessions))
            if len(ahead) > _AHEAD_COUNT:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _prepare(one: VendorFile, load_id: int, newest_date: np.datetime64, sessions: np.ndarray) -> PreparedFile:
    started = time.perf_counter()
    body, text, digest = b"", b"", None
    parsed, refusal = None, None
    try:
        body = one.read()
        parsed = parse_file(body, one.name, newest_date, sessions)
        series = (parsed.source, parsed.symbol)
        if parsed.bars is not None:
            text, digest = _copy_text(parsed, load_id), _bars_digest(parsed)
    except FileRefused as refused:
        refusal, series = refused.refusal, named_series(body, one.name)
    return PreparedFile(
        name=one.name,
        sha256=hashlib.sha256(body).hexdigest(),
        size_bytes=len(body),
        duration_s=time.perf_counter() - started,
        series=series,
        parsed=parsed,
        copy_text=text,
        bars_digest=digest,
        refusal=refusal,
    )


def _bars_digest(parsed: ParsedFile) -> bytes | None:
    """Return a digest of dates, closes and volumes as written."""
    close, volume = (parsed.bars.column(name).chunk(0) for name in (CLOSE, VOLUME))
    if not pc.any(pc.not_equal(volume.cast(pa.float64()), 0.0)).as_py():
        return None
    digest = hashlib.sha256(parsed.dates.tobytes())
    digest.update(pc.binary_join_element_wise(close, volume, " ").buffers()[2])
    return digest.digest()


def _copy_text(parsed: ParsedFile, load_id: int) -> bytes:
    """Return the bars as the lines COPY reads, every number as the vendor wrote it."""
    lead = f"\n{load_id}\t{parsed.source}\t{parsed.symbol}"
    columns = [parsed.bars.column(name).chunk(0) for name in (DATE, OPEN, HIGH, LOW, CLOSE)]
    adj_close = parsed.bars.column(ADJ_CLOSE).chunk(0) if ADJ_CLOSE in parsed.bars.column_names else "\\N"
    volume = parsed.bars.column(VOLUME).chunk(0)
    joined = pc.binary_join_element_wise(
        pa.scalar(lead),
        columns[0],
        pa.scalar(parsed.layout.price_basis),
        *columns[1:],
        adj_close,
        volume,
        "\t",
    )
    # Every row begins with the line break, so the values buffer is the text but for its first byte.
    return joined.buffers()[2][1:].to_pybytes() + b"\n"


@lru_cache
def session_dates() -> np.ndarray:
    """Return every day the exchange was or will be open, sorted."""
    return np.array(sessions_between(FIRST_DATE, LAST_DATE), dtype="datetime64[D]")
