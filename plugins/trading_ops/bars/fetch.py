"""
Asking the sources: per symbol the first one that delivers the session counts. For the exchange rate every
one is asked, because the gate compares them.

A source that refuses the desk, or whose limit is reached, is left for the rest of the run: asking
on would earn nothing but a longer ban. Nothing here writes to the database; what was fetched are
files in a folder, as if somebody had downloaded them.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from trading_ops.bars.files import VendorFile
from trading_ops.bars.parse import parse_file
from trading_ops.bars.prepare import session_dates
from trading_ops.bars.refusal import FileRefused
from trading_ops.sources.config import ReadySource
from trading_ops.sources.failure import FetchFailure, NotDelivered, Outcome, place_of

# A source that fails this often in a row is down; every further try would cost its whole timeout.
FAILED_IN_A_ROW_MAX = 5


@dataclass(frozen=True)
class Wanted:
    """An instrument or a currency pair to fetch; `names` is what each source calls it."""

    name: str
    names: dict[str, str]
    is_pair: bool = False


@dataclass
class Fetched:
    """
    What the sources gave: files for the loader, and what they did not give.

    `sources` has the source of each name that was delivered, `left` the failure after which a
    source was not asked any more.
    """

    files: list[VendorFile] = field(default_factory=list)
    failures: list[FetchFailure] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    left: dict[str, FetchFailure] = field(default_factory=dict)

    @property
    def is_unreachable(self) -> bool:
        """Whether nothing came and only the machinery is to blame, so that another try may help."""
        return (
            bool(self.failures) and not self.files and all(one.outcome == "failed" for one in self.failures)
        )


def fetch(
    wanted: Iterable[Wanted],
    sources: list[ReadySource],
    newest_date: date,
    session: date,
    folder: Path,
    tell: Callable[[str], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> Fetched:
    """
    Return what the sources give for each wanted name; the bodies lie under `folder`.

    Rows may be as new as `newest_date`. A file that ends before `session`, or that the loader would
    refuse, is kept for the loader to read, and the next source is asked.
    """
    return _Fetch(sources, newest_date, session, folder, tell, monotonic).run(list(wanted))


class _Fetch:
    def __init__(self, sources, newest_date, session, folder, tell, monotonic) -> None:
        self.sources = sources
        self.newest_date = newest_date
        self.session = session
        self.folder = folder
        self.tell = tell
        self.monotonic = monotonic
        self.fetched = Fetched()
        self.failed_in_a_row: dict[str, int] = {}

    def run(self, wanted: list[Wanted]) -> Fetched:
        started = self.monotonic()
        for number, one in enumerate(wanted, 1):
            said = []
            for source in self.sources:
                can = source.online.fetch_rates if one.is_pair else source.online.fetch_bars
                symbol = one.names.get(source.online.name)
                if can is None or symbol is None:
                    continue
                is_over = self.monotonic() - started > float(source.http.limits.fetch_s_max)
                is_delivered, detail = self._ask(source, can, symbol, is_over)
                said.append(f"{source.online.name} {detail}")
                if is_delivered:
                    self.fetched.sources.setdefault(one.name, source.online.name)
                    if not one.is_pair:
                        break
            self.tell(f"{number} of {len(wanted)}  {one.name}: {'; '.join(said) or 'no source'}")
        return self.fetched

    def _ask(self, source: ReadySource, can, symbol: str, is_over: bool) -> tuple[bool, str]:
        name = source.online.name
        left = self.fetched.left.get(name)
        if left is not None:
            return self._fail(
                name, symbol, left.outcome, f"not asked: {left.outcome} at {left.vendor_symbol}"
            )
        if is_over:
            return self._fail(name, symbol, "failed", "not asked: this fetch took too long already")
        started = self.monotonic()
        try:
            file_name, body = can(source.http, symbol, self.newest_date)
        except NotDelivered as refused:
            outcome, detail = refused.outcome, refused.detail
        except Exception as error:
            # A vendor's reply may break anything that reads it; one symbol must not end the run.
            outcome, detail = "failed", place_of(error)
        else:
            self.failed_in_a_row[name] = 0
            return self._keep(name, file_name, body)
        detail = source.http.redacted(detail)
        duration_ms = round((self.monotonic() - started) * 1000)
        failed = self._fail(name, symbol, outcome, detail, duration_ms)
        self._leave_if_needed(name)
        return failed

    def _fail(
        self, source: str, symbol: str, outcome: Outcome, detail: str, duration_ms: int = 0
    ) -> tuple[bool, str]:
        self.fetched.failures.append(FetchFailure(source, symbol, outcome, detail, duration_ms))
        return False, f"{outcome}: {detail}"

    def _leave_if_needed(self, source: str) -> None:
        failure = self.fetched.failures[-1]
        in_a_row = self.failed_in_a_row.get(source, 0) + 1 if failure.outcome == "failed" else 0
        self.failed_in_a_row[source] = in_a_row
        if failure.outcome in ("blocked", "limit") or in_a_row >= FAILED_IN_A_ROW_MAX:
            self.fetched.left[source] = failure
            self.tell(f"{source} is not asked any more: {failure.outcome}: {failure.detail}")

    def _keep(self, source: str, file_name: str, body: bytes) -> tuple[bool, str]:
        path = self.folder / source / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.fetched.files.append(VendorFile(f"{source}/{file_name}", path.read_bytes))
        try:
            parsed = parse_file(body, file_name, np.datetime64(self.newest_date), session_dates())
        except FileRefused as refused:
            return False, f"refused: {refused}"
        if parsed.row_count == 0 or parsed.dates[-1] < np.datetime64(self.session):
            return False, f"stale: nothing for {self.session}"
        return True, f"{parsed.row_count} rows to {parsed.dates[-1]}"
