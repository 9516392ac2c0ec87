"""
The simulated market, in Alpha Vantage's layout, and exchange rates.

A file of simulated bars says so in its name, SIM-<symbol>.csv, and a rate says in every row
where it comes from. A production database refuses both.
"""

import re
from collections.abc import Iterable

from trading_ops.sources.layout import BASE, DATE, QUOTE, RATE, SOURCE, Layout
from trading_ops.sources.vendors.alpha_vantage import ADJUSTED_COLUMNS, ADJUSTED_HEADER

SIMULATED = "simulated"
RATE_SOURCES = (SIMULATED, "yahoo", "ecb")
RATES_HEADER = ("rate_date", "base_currency", "quote_currency", "rate", "source")

LAYOUTS = (
    Layout(
        "simulated bars", SIMULATED, "raw", ADJUSTED_HEADER, ADJUSTED_COLUMNS,
        re.compile(r"SIM-(?P<symbol>[A-Z]{4})\.csv"), "SIM-ZOLV.csv",
    ),
    Layout(
        "exchange rates", SIMULATED, None, RATES_HEADER, (DATE, BASE, QUOTE, RATE, SOURCE),
        re.compile(r"(?:SIM-)?FX-(?P<symbol>[A-Z]{6})\.csv"), "FX-GBPUSD.csv",
    ),
)  # fmt: skip


def rates_file(pair: str, source: str, rates: Iterable[tuple[str, str]]) -> tuple[str, bytes]:
    """Return name and body of a file of (day, rate) of a pair such as GBPUSD, in the order given."""
    lines = [",".join(RATES_HEADER), *(f"{day},{pair[:3]},{pair[3:]},{rate},{source}" for day, rate in rates)]
    return f"FX-{pair}.csv", ("\n".join(lines) + "\n").encode()
