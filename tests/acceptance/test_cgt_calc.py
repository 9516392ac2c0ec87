"""The exported trades in cgt-calc, a tax calculator of its own: its gains are the desk's, year by year."""

import random
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.conftest import missing
from trading_ops.settings import PROJECT_ROOT
from trading_ops.tax.export import raw_rows
from trading_ops.tax.matching import disposals_of, tax_year
from trading_ops.tax.trades import Entry, Known, read_trades

CGT_CALC = PROJECT_ROOT / ".venv-cgt/bin/cgt-calc"
FIRST_AT = datetime(2023, 5, 2, 14, 40, tzinfo=UTC)
YEARS = ("2023-24", "2024-25", "2025-26")


@pytest.fixture(scope="module")
def rates(tmp_path_factory):
    """Rates of one for every day, so that it asks nobody: the funds it knows of are not in the book."""
    days = (date(2014, 1, 1) + timedelta(days=number) for number in range(14 * 366))
    lines = [f"{day},{currency},1" for day in days for currency in ("USD", "EUR", "CHF", "MXN")]
    file = tmp_path_factory.mktemp("rates") / "rates.csv"
    file.write_text("\n".join(["month,currency,rate", *lines]))
    return file


def told_by_cgt_calc(known: Known, year: str, folder, rates) -> dict[str, Decimal]:
    """Return what it says of a tax year: proceeds, gain, loss."""
    if not CGT_CALC.exists():
        missing(f"no {CGT_CALC}: make .venv-cgt/.synced")
    file = folder / "raw.csv"
    # Its newer versions want the header, which the one for this Python does not know.
    file.write_text(raw_rows(known).partition("\n")[2])
    ended = subprocess.run(
        [
            CGT_CALC, "--year", year[:4], "--raw", file, "--exchange-rates-file", rates, "--no-report",
            "--no-balance-check",
        ],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = re.findall(r"^(Disposal proceeds|Capital gain|Capital loss): £(-?[0-9.]+)$", ended.stdout, re.M)
    return {name: Decimal(amount) for name, amount in found}


def history(seed: int) -> list[Entry]:
    """
    Three years of trading four stocks, one split 3:1 and one 1:4, with purchases soon after sales.

    Sixteen days or more apart: where two purchases follow a sale within thirty days, it ends in an error.
    """
    draw = random.Random(seed)
    entries = []
    for symbol, ratio in (("AAA", "3"), ("BBB", "0.25"), ("CCC", "1"), ("DDD", "1")):
        at, held, is_split = FIRST_AT, Decimal(0), False
        while at < FIRST_AT + timedelta(days=1000):
            at += timedelta(days=draw.randint(16, 40))
            if at > FIRST_AT + timedelta(days=500) and held and not is_split:
                delta, is_split = held * Decimal(ratio) - held, True
                entries.append(Entry("split", symbol, at.replace(hour=4, minute=0), delta, Decimal(0)))
                held += delta
            is_sale = held > 0 and draw.random() < 0.5
            count = Decimal(draw.randint(1, 400)) / 4
            units = -(held if draw.random() < 0.2 else min(held, count)) if is_sale else count
            value_gbp = (abs(units) * Decimal(draw.randint(2000, 9000)) / 100).quantize(Decimal("0.01"))
            fee_gbp = Decimal(draw.randint(0, 200)) / 100
            entries.append(Entry("fill", symbol, at, units, value_gbp if is_sale else -value_gbp, fee_gbp))
            held += units
    return entries


@pytest.mark.slow
def test_a_calculator_of_its_own_finds_the_same_gains(tmp_path, rates):
    """Within what is rounded to the penny in each sale."""
    known = read_trades(history(seed=1))
    assert len(known.trades) == 4 and not known.left_out
    disposals = [disposal for trades in known.trades.values() for disposal in disposals_of(trades)]
    rules = {part.rule for disposal in disposals for part in disposal.parts}
    assert rules >= {"30 days", "pool"} and len(disposals) > 40
    for year in YEARS:
        of_year = [disposal for disposal in disposals if tax_year(disposal.day) == year]
        gains = sum(disposal.gain_gbp for disposal in of_year if disposal.gain_gbp > 0)
        losses = sum(disposal.gain_gbp for disposal in of_year if disposal.gain_gbp < 0)
        told = told_by_cgt_calc(known, year, tmp_path, rates)
        rounded = Decimal("0.02") * len(of_year)
        assert abs(told["Capital gain"] - gains) <= rounded, year
        assert abs(abs(told["Capital loss"]) + losses) <= rounded, year
