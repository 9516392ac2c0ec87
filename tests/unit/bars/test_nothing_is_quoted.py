"""A secret under a vendor's name, whole or in a single cell, is in nothing that is said about the file."""

import pytest

from tests.unit.bars import bar_samples
from tests.unit.bars.bar_samples import parse_sample, refusal_of
from trading_ops.bars.refusal import FileRefused

SECRET = "canary-eyJhbGciOiJIUzI1NiJ9"
SAMPLES = {
    "alpha vantage": (bar_samples.ADJUSTED, "A.csv"),
    "yahoo": (bar_samples.YAHOO, "A.csv"),
    "yahoo splits": (bar_samples.YAHOO_SPLITS, "A.csv"),
    "stooq": (bar_samples.STOOQ, "aapl_us_d.csv"),
    "stooq bulk": (bar_samples.STOOQ_BULK, "aapl.us.txt"),
    "rates": (bar_samples.RATES, "FX-GBPUSD.csv"),
}


def said_of(text: str, name: str) -> str:
    """Return everything a file leaves behind but its bars: the refusal, or the rows it set aside."""
    try:
        return repr(parse_sample(text, name).quarantined)
    except FileRefused as refused:
        return str(refused)


@pytest.mark.parametrize(
    "body",
    [
        f"*:*:*:postgres:{SECRET}\n",
        f"{SECRET}\n",
        f'{{"jwt": "{SECRET}"}}\n',
        f"user,password\ndesk_owner,{SECRET}\n",
        f"\ufeff{SECRET},a,b\n1,2,3\n",
        f"Date,Open,High,Low,Close,{SECRET}\n2024-03-04,1,1,1,1,1\n",
        f"Date;Open;High;{SECRET}\n",
        f"<html><body>{SECRET}</body></html>",
        f"Error: apikey={SECRET} is not valid, try again\n",
    ],
)
def test_a_file_of_secrets_under_a_vendors_name_is_refused_by_size_and_kind(body):
    """Its first line once stood in the log, in an append-only table and in a mail."""
    for name in ("AAPL.csv", "aapl_us_d.csv", "FX-GBPUSD.csv"):
        assert "canary" not in str(refusal_of(body, name))


@pytest.mark.parametrize("case", SAMPLES)
def test_a_secret_in_any_one_cell_of_a_vendors_file_is_not_told(case):
    """As from a vendor that breaks off with an answer; the newest row is set aside rather than refused."""
    text, name = SAMPLES[case]
    lines = text.splitlines()
    tried = 0
    for at, line in enumerate(lines):
        cells = line.split(",")
        for place in range(len(cells)):
            for others in ([], ["NaN"]):
                row = [*cells[:place], SECRET, *cells[place + 1 :]]
                for other in others:
                    row[(place + 1) % len(row)] = other
                changed = "\n".join([*lines[:at], ",".join(row), *lines[at + 1 :]]) + "\n"
                assert "canary" not in said_of(changed, name), changed
                tried += 1
    assert tried >= 12


def test_what_a_vendor_can_have_written_is_still_told():
    """Numbers, days and tickers are what a person looks for in the file."""
    for old, new, shown in (("50.9,", "-50.9,", "'-50.9'"), ("2024-03-07", "07/03/2024", "'07/03/2024'")):
        assert shown in refusal_of(bar_samples.damaged(bar_samples.ADJUSTED, old, new), "A.csv").reason
    bulk = bar_samples.damaged(bar_samples.STOOQ_BULK, "AAPL.US,D,20240305", "MSFT.US,D,20240305")
    assert "'MSFT.US'" in refusal_of(bulk, "aapl.us.txt").reason
