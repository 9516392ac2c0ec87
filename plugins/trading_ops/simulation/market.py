"""
The simulated market: vendor files for companies that do not exist.

The files have Alpha Vantage's daily-adjusted layout, so the loader cannot tell; only their names
say SIM-, and so does everything derived from them (source 'simulated').
"""

import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from trading_ops.simulation.market_companies import BENCHMARK, COMPANIES, RATE_SYMBOL
from trading_ops.simulation.market_faults import BadPrint, Delisting, Fault, MissingBars, UnrecordedSplit
from trading_ops.simulation.market_model import START_DATE, Market, simulate
from trading_ops.sources.vendors.alpha_vantage import ADJUSTED_HEADER
from trading_ops.sources.vendors.simulated import RATES_HEADER, SIMULATED
from trading_ops.universe.instruments import Universe, UniverseEntry

__all__ = ["BadPrint", "Delisting", "MissingBars", "SimulatedMarket", "UnrecordedSplit"]


class SimulatedMarket:
    """One seeded market from START_DATE on; the same seed gives the same bytes for ever."""

    companies = COMPANIES
    benchmark = BENCHMARK
    start_date = START_DATE

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def universe(self) -> Universe:
        """Return the universe of the companies and the benchmark, which is not for sale."""
        stocks = (_entry(company.symbol, company.name, "stock") for company in COMPANIES)
        return Universe((*stocks, _entry(BENCHMARK, "Simulated Market Fund", "etf")))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The companies' symbols, without the benchmark."""
        return tuple(company.symbol for company in COMPANIES)

    def opens_usd(self, session: date) -> dict[str, Decimal]:
        """Return each company's opening price of a session, to the cent."""
        market = simulate(self.seed, session)
        cents = market.open_cents[market.dates.index(session), 1:].tolist()
        return {symbol: Decimal(int(value)) / 100 for symbol, value in zip(self.symbols, cents, strict=True)}

    def splits(self, first_date: date, last_date: date) -> list[tuple[str, date, Decimal]]:
        """Return (symbol, ex-date, new shares per old) of every split between two dates."""
        market = simulate(self.seed, last_date)
        return [
            (symbol, day, Decimal(str(market.split[row, column])))
            for row, day in enumerate(market.dates)
            for column, symbol in enumerate(self.symbols, start=1)
            if day >= first_date and market.split[row, column] != 1
        ]

    def write_inbox(
        self, folder: Path, first_date: date, last_date: date, faults: Sequence[Fault] = ()
    ) -> Path:
        """
        Write one file per symbol and one of GBP/USD rates for the sessions between two dates.

        They go to `folder`/simulated, each replacing what an earlier call wrote, and are complete or
        absent at any instant. Returns that folder. Raises ValueError for dates the market does not
        have and for a fault on a symbol or date it does not have.
        """
        if not START_DATE <= first_date <= last_date:
            raise ValueError(
                f"the simulated market begins on {START_DATE}; asked for {first_date} to {last_date}"
            )
        market = simulate(self.seed, last_date)
        _refuse_unknown(faults)
        target = Path(folder) / SIMULATED
        target.mkdir(parents=True, exist_ok=True)
        for column, symbol in enumerate((BENCHMARK, *(company.symbol for company in COMPANIES))):
            rows = _bar_rows(market, column, symbol, first_date, faults)
            _write(target / f"SIM-{symbol}.csv", ADJUSTED_HEADER, rows)
        rates = (
            f"{day},GBP,USD,{rate:.4f},{SIMULATED}"
            for day, rate in zip(market.dates, market.rate.tolist(), strict=True)
            if day >= first_date and not _is_missing(RATE_SYMBOL, day, faults)
        )
        _write(target / f"SIM-FX-{RATE_SYMBOL}.csv", RATES_HEADER, list(rates))
        return target


def _entry(symbol: str, name: str, instrument_type: str) -> UniverseEntry:
    return UniverseEntry(
        internal_symbol=symbol,
        vendor_symbol=symbol,
        stooq_symbol=None,
        yahoo_symbol=None,
        etoro_search_name=f"{name} ({symbol}, simulated)",
        currency="USD",
        instrument_type=instrument_type,
        is_benchmark=instrument_type == "etf",
        is_tradable_underlying=instrument_type == "stock",
        is_enabled=True,
        notes="simulated: this company does not exist",
    )


def _bar_rows(
    market: Market, column: int, symbol: str, first_date: date, faults: Sequence[Fault]
) -> list[str]:
    split, dividend = market.split[:, column], market.dividend_cents[:, column]
    factors = _adjustments(market.close_cents[:, column], split, dividend)
    prices = np.stack(
        [
            part[:, column]
            for part in (market.open_cents, market.high_cents, market.low_cents, market.close_cents)
        ]
    )
    volume = market.volume[:, column].astype(np.int64)
    scaled, volume = _distort(prices.astype(np.int64), volume, market.dates, symbol, faults)
    rows = []
    for index, day in enumerate(market.dates):
        if day < first_date or _is_missing(symbol, day, faults):
            continue
        cells = [_dollars(int(price)) for price in scaled[:, index]]
        adjusted = scaled[3, index] / 100 * factors[index]
        ratio = f"{split[index]:.1f}"
        rows.append(
            f"{day},{','.join(cells)},{adjusted:.6f},{volume[index]},{_dollars(int(dividend[index]))},{ratio}"
        )
    return rows


def _distort(
    prices: np.ndarray, volume: np.ndarray, dates: Sequence[date], symbol: str, faults: Sequence[Fault]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the prices in cents and the volume as the faulty vendor tells them."""
    for fault in faults:
        if isinstance(fault, BadPrint) and fault.symbol == symbol:
            prices = np.where(
                np.array([day == fault.session_date for day in dates]), prices * fault.factor, prices
            )
        if isinstance(fault, UnrecordedSplit) and fault.symbol == symbol:
            is_after = np.array([day >= fault.session_date for day in dates])
            prices = np.where(is_after, np.maximum(prices // fault.ratio, 1), prices)
            volume = np.where(is_after, volume * fault.ratio, volume)
    return prices, volume


def _adjustments(close: np.ndarray, split: np.ndarray, dividend: np.ndarray) -> np.ndarray:
    """Return what each close is multiplied by for the splits and dividends that came after it."""
    factors = np.ones(len(close))
    for index in range(len(close) - 1, 0, -1):
        step = (1 - dividend[index] / close[index - 1]) / split[index]
        factors[index - 1] = factors[index] * step
    return factors


def _is_missing(symbol: str, day: date, faults: Sequence[Fault]) -> bool:
    return any(
        (isinstance(fault, MissingBars) and symbol in fault.symbols and day in fault.dates)
        or (isinstance(fault, Delisting) and symbol == fault.symbol and day > fault.last_date)
        for fault in faults
    )


def _refuse_unknown(faults: Sequence[Fault]) -> None:
    known = {BENCHMARK, RATE_SYMBOL, *(company.symbol for company in COMPANIES)}
    for fault in faults:
        named = set(fault.symbols) if isinstance(fault, MissingBars) else {fault.symbol}
        if named - known:
            raise ValueError(f"the simulated market has no {', '.join(sorted(named - known))}")


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _write(path: Path, header: Sequence[str], rows: list[str]) -> None:
    if not rows:
        path.unlink(missing_ok=True)
        return
    # The loader passes over .part files, so it never reads a half-written one.
    part = path.with_suffix(".part")
    part.write_text("\n".join((",".join(header), *rows)) + "\n")
    os.replace(part, path)
