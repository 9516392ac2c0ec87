"""What a source that is asked over HTTP declares, beside the layouts of its files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.layout import Layout, header_of
from trading_ops.sources.replies import Refusals, Reply, examine

if TYPE_CHECKING:
    from trading_ops.sources.http_session import HttpSession

# (file name, body): a file in one of the source's layouts, as somebody could have dropped it into the inbox.
FetchedFile = tuple[str, bytes]
Fetch = Callable[["HttpSession", str, date], FetchedFile]


@dataclass(frozen=True)
class OnlineSource:
    """
    How to get a symbol's whole history from a source.

    `fetch_bars` takes the session, the desk's symbol for the source and the newest date a row may
    have; it returns one file or raises NotDelivered. `fetch_rates` does the same for a currency
    pair such as GBPUSD. What a source does not carry is None. `example` is a reply with data for
    `example_symbol`, as the source sends it: it documents the format, and the contract tests
    replay it.
    """

    name: str
    needs_key: bool
    fetch_bars: Fetch | None
    example_symbol: str
    example: bytes
    fetch_rates: Fetch | None = None


def csv_examiner(layouts: tuple[Layout, ...], refusals: Refusals) -> Callable[[Reply], NotDelivered | None]:
    """Return the examiner of replies that are a csv file in one of these layouts, with at least one row."""
    headers = {layout.header for layout in layouts}

    def is_data(reply: Reply) -> bool:
        header_line, _, rows = reply.body.lstrip().partition(b"\n")
        if header_of(header_line.decode("utf-8-sig", "replace")) not in headers:
            return False
        if not rows.strip():
            raise NotDelivered("no_data", "a header line and no row under it")
        if not reply.is_length_known and not reply.body.endswith(b"\n"):
            raise NotDelivered("failed", "cut off in the middle of its last line")
        return True

    return lambda reply: examine(reply, is_data, refusals)
