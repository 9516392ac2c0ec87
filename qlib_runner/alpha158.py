"""
Alpha158 at compiled speed, behind Qlib's own handler.

`Alpha158Fast` is Qlib's Alpha158 with one difference: its loader computes the 158 features with the
kernel of alpha158.c instead of the expression engine. Names, order, rows, index, missing values, labels
and processors are Qlib's; tests compare every feature with the engine's. In a workflow:

    handler: {class: Alpha158Fast, module_path: qlib_runner.alpha158, kwargs: {instruments: all, ...}}

A day's row depends on its own 60 days only, so a handler whose start_time and end_time are the newest
session gives bit for bit the newest rows of the whole history. Where Qlib answers a symbol or a field
the store lacks with missing values, this raises.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from qlib.config import C
from qlib.contrib.data.handler import Alpha158
from qlib.contrib.data.loader import Alpha158DL
from qlib.data import D
from qlib.data.data import DatasetProvider
from qlib.data.dataset.loader import QlibDataLoader

from qlib_runner import kernel
from qlib_runner.store import read_fields


class Alpha158Fast(Alpha158):
    """Qlib's Alpha158; `kernels` of qlib.init says how many threads compute it."""

    def setup_data(self, *args, **kwargs) -> None:
        """Load and process the data as Qlib's handler does, with the fast loader."""
        self.data_loader = KernelLoader.replacing(self.data_loader)
        super().setup_data(*args, **kwargs)


class KernelLoader(QlibDataLoader):
    """Qlib's loader with the group `feature` from the kernel, and plain returns from numpy."""

    @classmethod
    def replacing(cls, loader: QlibDataLoader) -> "KernelLoader":
        """
        Return a fast loader with the settings of Qlib's own.

        Raises ValueError for what the kernel does not compute: other features, another frequency,
        processors per instrument.
        """
        if loader.fields.get("feature") != Alpha158DL.get_feature_config():
            raise ValueError("the kernel computes exactly the 158 features of Qlib's Alpha158")
        if loader.freq != "day" or loader.inst_processors or not loader.swap_level:
            raise ValueError("the kernel takes daily bars, without processors per instrument")
        return cls(loader.fields, filter_pipe=loader.filter_pipe)

    def load(self, instruments=None, start_time=None, end_time=None) -> pd.DataFrame:
        """
        Return the frame of Qlib's loader: 32-bit floats by (datetime, instrument) and (group, name).

        Raises FileNotFoundError for a symbol or field the store lacks, and ValueError for fields of one
        symbol that do not cover the same sessions.
        """
        sessions = pd.DatetimeIndex(D.calendar(start_time, end_time))
        if len(sessions) == 0:
            return super().load(instruments, start_time, end_time)
        if instruments is None or isinstance(instruments, str):
            instruments = D.instruments(instruments or "all", filter_pipe=self.filter_pipe)
        columns = pd.MultiIndex.from_tuples(
            [(group, name) for group, (_, names) in self.fields.items() for name in names]
        )
        expressions = [text for texts, _ in self.fields.values() for text in texts]
        returns = {at: found for at, text in enumerate(expressions) if (found := _parse_return(text))}
        reach = max((found.reach_sessions for found in returns.values()), default=0)
        window = _window(sessions, reach)
        series = _read(instruments, window)
        index, places = _lay_out(series, sessions, window)
        # Filled in its final order, (date, symbol): sorting a gigabyte takes longer than computing it.
        values = np.empty((len(index), len(columns)), np.float32)
        first_feature = columns.get_loc("feature").start

        def fill(one: _Series, places: np.ndarray) -> None:
            kernel.fill(one.values, places, values, first_feature)
            for at, found in returns.items():
                found.fill(one, places, values[:, at])

        with ThreadPoolExecutor(max(1, C.get_kernels(self.freq))) as pool:
            list(pool.map(fill, series, places))
        for group, (texts, names) in self.fields.items():
            at = range(*columns.get_loc(group).indices(len(columns)))
            if group != "feature" and not returns.keys() >= set(at):
                frame = self.load_group_df(instruments, texts, names, start_time, end_time, group)
                values[:, at] = frame.reindex(index)
        return pd.DataFrame(values, index=index, columns=columns, copy=False)


@dataclass(frozen=True)
class _Window:
    """Positions in the store's calendar: read from..to, of which first..last are asked for."""

    read_from: int
    first: int
    last: int
    read_to: int


@dataclass(frozen=True)
class _Series:
    """One symbol's bars from position `begin` of the calendar on; spans is when it is in the market."""

    symbol: str
    spans: list[tuple[pd.Timestamp, pd.Timestamp]] | None  # None is always
    begin: int
    values: np.ndarray  # (field, session), in the order of kernel.FIELDS


@dataclass(frozen=True)
class _Return:
    """Ref($field, -sell)/Ref($field, -buy) - 1: bought `buy` sessions ahead, sold `reach_sessions` ahead."""

    field: str
    buy_sessions: int
    reach_sessions: int

    def fill(self, one: _Series, places: np.ndarray, column: np.ndarray) -> None:
        """Write the days with a place into the column."""
        series = one.values[kernel.FIELDS.index(self.field)]
        ahead = np.full(series.size + self.reach_sessions, np.nan, np.float32)
        ahead[: series.size] = series
        bought, sold = ahead[self.buy_sessions :][: series.size], ahead[self.reach_sessions :]
        asked = places >= 0
        column[places[asked]] = (sold / bought - np.float32(1))[asked]


_RETURN = re.compile(r"Ref\(\$(\w+),-(\d+)\)/Ref\(\$(\w+),-(\d+)\)-1")


def _parse_return(expression: str) -> _Return | None:
    """Return what Qlib's labels and those like them say, or None for any other expression."""
    match = _RETURN.fullmatch(expression.replace(" ", ""))
    if match is None:
        return None
    field, reach, same_field, buy = match[1], int(match[2]), match[3], int(match[4])
    if field != same_field or field not in kernel.FIELDS or not 0 < buy < reach:
        return None
    return _Return(field, buy, reach)


def _window(sessions: pd.DatetimeIndex, reach_sessions: int) -> _Window:
    calendar = D.calendar()
    first, last = (int(np.searchsorted(calendar, session)) for session in (sessions[0], sessions[-1]))
    return _Window(
        max(0, first - kernel.LOOKBACK_SESSIONS), first, last, min(len(calendar) - 1, last + reach_sessions)
    )


def _read(instruments, window: _Window) -> list[_Series]:
    """Return every instrument's bars in the window, in the order of the symbols."""
    store = C.dpm.get_data_uri("day")
    members = DatasetProvider.get_instruments_d(instruments, "day")
    spans = members if isinstance(members, dict) else dict.fromkeys(members)
    return [
        _Series(
            symbol,
            spans[symbol],
            *read_fields(store, symbol, kernel.FIELDS, window.read_from, window.read_to),
        )
        for symbol in sorted(spans)
    ]


def _lay_out(
    series: list[_Series], sessions: pd.DatetimeIndex, window: _Window
) -> tuple[pd.MultiIndex, list[np.ndarray]]:
    """
    Return the frame's index, and for each series the row of each of its days, -1 for those not asked for.
    """
    present = np.zeros((len(sessions), len(series)), bool)
    always = [(sessions[0], sessions[-1])]
    extents = []
    for at, one in enumerate(series):
        start = max(one.begin, window.first)
        stop = max(start, min(one.begin + one.values.shape[1], window.last + 1))
        rows = slice(start - window.first, stop - window.first)
        extents.append((rows, slice(start - one.begin, stop - one.begin)))
        for begin, end in always if one.spans is None else one.spans:
            joined, left = sessions.searchsorted(begin), sessions.searchsorted(end, side="right")
            present[max(joined, rows.start) : min(left, rows.stop), at] = True
    rank = np.cumsum(present.ravel()).reshape(present.shape) - 1
    places = [np.full(one.values.shape[1], -1) for one in series]
    for at, (rows, days) in enumerate(extents):
        places[at][days] = np.where(present[rows, at], rank[rows, at], -1)
    used_sessions, used_symbols = present.any(axis=1), present.any(axis=0)
    index = pd.MultiIndex(
        levels=[
            sessions[used_sessions],
            [one.symbol for one, used in zip(series, used_symbols, strict=True) if used],
        ],
        codes=np.nonzero(present[used_sessions][:, used_symbols]),
        names=["datetime", "instrument"],
        verify_integrity=False,
    )
    return index, places
