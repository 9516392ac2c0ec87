"""
The prices of the simulated market: one market, ten sectors, a hundred companies, one exchange rate.

The same seed gives the same prices to the last bit on every machine, and a longer history begins
with the shorter one. So random numbers are drawn session by session, and only additions, products,
quotients and square roots touch them: IEEE 754 fixes those, and leaves logarithms to the machine.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from trading_ops.exchange.sessions import sessions_between
from trading_ops.simulation.market_companies import COMPANIES, SECTORS

START_DATE = date(2020, 1, 2)

# Columns of random numbers: the market, the sectors, the benchmark and the companies, the rate.
_LISTED_COUNT = 1 + len(COMPANIES)
_COLUMN_COUNT = 1 + len(SECTORS) + _LISTED_COUNT + 1

_MARKET_DRIFT, _MARKET_VOLATILITY = 0.0003, 0.0075
_SECTOR_VOLATILITY = 0.0045
_RATE_MEAN, _RATE_PULL, _RATE_VOLATILITY = 1.27, 0.01, 0.0045
# No single session moves further; the gates call a bigger move a jump.
_RETURN_MAX = 0.30
_REVERSE_SPLIT_BELOW, _REVERSE_SPLIT = 5.0, 0.1


@dataclass(frozen=True)
class Market:
    """
    Arrays over sessions (rows) and the benchmark followed by the companies (columns).

    Prices are as traded, in whole cents. `split` is new shares per old share and `dividend_cents`
    is per old share, both on their ex-date.
    """

    dates: tuple[date, ...]
    open_cents: np.ndarray
    high_cents: np.ndarray
    low_cents: np.ndarray
    close_cents: np.ndarray
    volume: np.ndarray
    split: np.ndarray
    dividend_cents: np.ndarray
    rate: np.ndarray


@dataclass(frozen=True)
class _Traits:
    """What is fixed for each listed symbol: the benchmark first, then the companies."""

    start_price: np.ndarray
    drift: np.ndarray
    beta: np.ndarray
    volatility: np.ndarray
    volume: np.ndarray
    quarterly_yield: np.ndarray
    split_above: np.ndarray
    split_ratio: np.ndarray
    action_day: np.ndarray
    dividend_month: np.ndarray


@lru_cache(maxsize=4)
def simulate(seed: int, last_date: date) -> Market:
    """Return the market from START_DATE to the last session up to a date."""
    dates = sessions_between(START_DATE, last_date)
    traits = _traits(seed)
    shocks = _fat_tailed(_uniforms(seed, 1, (len(dates), _COLUMN_COUNT, 20)))
    intraday = _uniforms(seed, 2, (len(dates), _LISTED_COUNT, 4))
    returns = _returns(traits, shocks)
    rows = []
    close = np.rint(traits.start_price * 100)
    shares = np.ones(_LISTED_COUNT)
    day_of_month = 0
    for index, day in enumerate(dates):
        day_of_month = 1 if index == 0 or day.month != dates[index - 1].month else day_of_month + 1
        split, dividend = _actions(traits, close, day, day_of_month, is_first=index == 0)
        shares = shares * split
        row = _bar((close - dividend) / split, returns[index], intraday[index], traits, shares)
        close = row[3]
        rows.append((*row, split, dividend))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Market(dates, *columns, rate=_rate(shocks[:, -1]))


def _uniforms(seed: int, purpose: int, shape: tuple[int, ...]) -> np.ndarray:
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, purpose))))
    return generator.random(shape)


def _traits(seed: int) -> _Traits:
    draws = _uniforms(seed, 0, (_LISTED_COUNT, 10)).T
    pays = draws[5] < 0.7
    traits = _Traits(
        start_price=20 + 180 * draws[0],
        drift=(0.40 * draws[1] - 0.15) / 252,
        beta=0.6 + 0.9 * draws[2],
        volatility=0.008 + 0.012 * draws[3],
        volume=np.floor(200_000 + 5_000_000 * draws[4] * draws[4]),
        quarterly_yield=np.where(pays, 0.002 + 0.008 * draws[5], 0.0),
        split_above=140 + 260 * draws[6],
        split_ratio=np.floor(2 + 3 * draws[7]),
        action_day=np.floor(2 + 16 * draws[8]),
        dividend_month=np.floor(3 * draws[9]),
    )
    # The benchmark is the market itself: a fund without splits or dividends.
    fund = {
        "start_price": 300.0,
        "drift": 0.0,
        "beta": 1.0,
        "volatility": 0.0004,
        "volume": 60_000_000.0,
        "quarterly_yield": 0.0,
        "split_above": np.inf,
    }
    for name, value in fund.items():
        getattr(traits, name)[0] = value
    return traits


def _fat_tailed(uniforms: np.ndarray) -> np.ndarray:
    """Return Student t draws of 4 degrees of freedom and variance 1, from 20 uniforms each."""
    parts = uniforms.reshape(*uniforms.shape[:-1], 5, 4)
    # Four uniforms add up to nearly a normal draw; a normal over the size of four others is a t.
    normals = (parts[..., 0] + parts[..., 1] + parts[..., 2] + parts[..., 3] - 2.0) * np.sqrt(3.0)
    size = normals[..., 1] ** 2 + normals[..., 2] ** 2 + normals[..., 3] ** 2 + normals[..., 4] ** 2
    draws = normals[..., 0] / np.sqrt(size / 4.0 + 1e-9) / np.sqrt(2.0)
    return np.clip(draws, -8.0, 8.0)


def _returns(traits: _Traits, shocks: np.ndarray) -> np.ndarray:
    market = _MARKET_DRIFT + _MARKET_VOLATILITY * shocks[:, :1]
    sector_of = np.array([SECTORS.index(company.sector) for company in COMPANIES])
    sectors = np.zeros((len(shocks), _LISTED_COUNT))
    sectors[:, 1:] = _SECTOR_VOLATILITY * shocks[:, 1 + sector_of]
    own = traits.volatility * shocks[:, 1 + len(SECTORS) : -1]
    return np.clip(traits.drift + traits.beta * market + sectors + own, -_RETURN_MAX, _RETURN_MAX)


def _actions(
    traits: _Traits, close_cents: np.ndarray, day: date, day_of_month: int, is_first: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the split ratios and dividends in cents that take effect on a day, before its open."""
    is_due = (traits.action_day == day_of_month) & (not is_first)
    split = np.where(is_due & (close_cents > traits.split_above * 100), traits.split_ratio, 1.0)
    split = np.where(is_due & (close_cents < _REVERSE_SPLIT_BELOW * 100), _REVERSE_SPLIT, split)
    pays = is_due & (split == 1.0) & (traits.dividend_month == day.month % 3)
    return split, np.where(pays, np.floor(close_cents * traits.quarterly_yield), 0.0)


def _bar(
    base_cents: np.ndarray, returns: np.ndarray, draws: np.ndarray, traits: _Traits, shares: np.ndarray
) -> tuple:
    """
    Return open, high, low, close and volume of one session; `base_cents` is yesterday's close, adjusted.
    """
    close = np.maximum(np.rint(base_cents * (1 + returns)), 1.0)
    opened = np.maximum(np.rint(base_cents * (1 + returns * 0.5 + 0.004 * (draws[:, 0] - 0.5))), 1.0)
    reach = 0.2 * np.abs(returns) + 0.006
    high = np.ceil(np.maximum(opened, close) * (1 + reach * draws[:, 1]))
    low = np.maximum(np.floor(np.minimum(opened, close) * (1 - reach * draws[:, 2])), 1.0)
    volume = np.floor(traits.volume * shares * (0.6 + 0.8 * draws[:, 3]) * (1 + 8 * np.abs(returns)))
    return opened, high, low, close, volume


def _rate(shocks: np.ndarray) -> np.ndarray:
    rates, rate = np.empty(len(shocks)), _RATE_MEAN
    for index, shock in enumerate(shocks):
        rate = rate + _RATE_PULL * (_RATE_MEAN - rate) + _RATE_VOLATILITY * rate * shock
        rates[index] = rate
    return rates
