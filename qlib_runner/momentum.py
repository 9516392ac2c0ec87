"""
The 12-1 momentum ranking: last year's return without the last month's.

No plan asks for it: it shows that the room works where no model was trained, by Python alone. Pure
functions from bytes to bytes. Sessions are those found in the bars; a symbol without a bar at
either end of the window is not ranked rather than guessed.
"""

import csv
import io
import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qlib_runner.manifest import Manifest, Refused, parse_date

_COLUMNS = ["internal_symbol", "session_date", "adj_close"]
# float() alone would also read 1_000, nan and blanks around the number.
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Config:
    """The window, in sessions before as_of_date."""

    lookback_sessions: int = 252
    skip_sessions: int = 21


def score(manifest: Manifest, folder: Path) -> None:
    """Rank the bars of a manifest into `folder`; raises Refused for what cannot be trusted."""
    config = parse_config(manifest.config)
    if len(manifest.inputs) != 1:
        raise Refused(f"score takes one input, the bars; the manifest names {len(manifest.inputs)}")
    [name] = manifest.inputs
    closes = parse_bars(manifest.read(name), name, manifest.as_of_date)
    (folder / "signals_ranked.csv").write_bytes(render(rank(closes, config)))


def parse_config(fields: dict[str, Any]) -> Config:
    """Return the ranking's settings; raises Refused for an unknown name or an impossible window."""
    fields = {name: value for name, value in fields.items() if name != "method"}
    unknown = sorted(set(fields) - set(Config.__dataclass_fields__))
    if unknown:
        raise Refused(f"config {unknown[0]!r} is unknown; known are {', '.join(Config.__dataclass_fields__)}")
    config = Config(**fields)
    window = (config.skip_sessions, config.lookback_sessions)
    if any(type(count) is not int for count in window) or not 0 <= window[0] < window[1]:
        raise Refused("config needs whole numbers with 0 <= skip_sessions < lookback_sessions")
    return config


def parse_bars(content: bytes, name: str, as_of_date: date) -> dict[str, dict[str, float]]:
    """
    Return symbol -> session -> adjusted close.

    Raises Refused, naming file and line, for an empty or repeated symbol, a price that is no positive
    number, a bar after as_of_date (the ranking would know the future) and a file without one on it.
    """
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        header = next(rows, [])
        if header != _COLUMNS:
            raise Refused(f"{name} line 1: expected the columns {','.join(_COLUMNS)}")
        closes: dict[str, dict[str, float]] = {}
        for row in rows:
            symbol, session, close = _parse_row(row, f"{name} line {rows.line_num}", as_of_date)
            if session in closes.setdefault(symbol, {}):
                raise Refused(f"{name} line {rows.line_num}: duplicate bar of {symbol} on {session}")
            closes[symbol][session] = close
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{name} is not a csv file in UTF-8: {error}") from None
    newest = max((session for series in closes.values() for session in series), default="none")
    if newest != as_of_date.isoformat():
        raise Refused(f"{name}: the newest session is {newest}, but as_of_date is {as_of_date}")
    return closes


def rank(closes: dict[str, dict[str, float]], config: Config) -> list[tuple[str, float]]:
    """
    Return (symbol, score) from the best to the worst, ties in the order of the symbols.

    Raises Refused when no symbol can be ranked: an empty ranking must not look like a result.
    """
    sessions = sorted({session for series in closes.values() for session in series})
    if len(sessions) <= config.lookback_sessions:
        raise Refused(
            f"{config.lookback_sessions + 1} sessions of bars are needed; there are {len(sessions)}"
        )
    first = sessions[-1 - config.lookback_sessions]
    last = sessions[-1 - config.skip_sessions]
    scores = [
        (symbol, series[last] / series[first] - 1.0)
        for symbol, series in closes.items()
        if first in series and last in series
    ]
    if not scores:
        raise Refused(f"no symbol has a bar on both {first} and {last}")
    if not all(math.isfinite(score) for _, score in scores):
        raise Refused(f"a return between {first} and {last} is too large to be a number")
    return sorted(scores, key=lambda entry: (-entry[1], entry[0]))


def render(ranking: list[tuple[str, float]]) -> bytes:
    """Return the csv of a ranking, each score as the shortest text that reads back to the same number."""
    lines = ["rank,internal_symbol,score"]
    lines += [f"{place},{symbol},{score!r}" for place, (symbol, score) in enumerate(ranking, start=1)]
    return ("\n".join(lines) + "\n").encode()


def _parse_row(row: list[str], where: str, as_of_date: date) -> tuple[str, str, float]:
    if len(row) != len(_COLUMNS):
        raise Refused(f"{where}: {len(row)} fields where {len(_COLUMNS)} are expected")
    symbol, session, close_text = row
    # A symbol that needs quoting is a mistake upstream, and would need quoting in the result too.
    if not symbol or not symbol.isascii() or any(sign in symbol for sign in ' ,"\t\r\n'):
        raise Refused(f"{where}: internal_symbol {symbol!r} is empty or has a character no symbol has")
    day = parse_date(session)
    if day is None:
        raise Refused(f"{where}: session_date {session!r} is not a date like 2026-06-05")
    close = float(close_text) if _NUMBER.fullmatch(close_text) else math.nan
    if not (math.isfinite(close) and close > 0):
        raise Refused(f"{where}: adj_close of {symbol} is {close_text!r}, not a positive number")
    if day > as_of_date:
        raise Refused(f"{where}: the bar of {session} is after as_of_date {as_of_date}")
    return symbol, session, close
