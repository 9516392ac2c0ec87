"""The European Central Bank's file over HTTP: its rates, and every answer that is not its file."""

import re
from datetime import date, timedelta

import numpy as np
import pytest

from tests.unit.sources.replay_server import LIMITS, answer, replaying, session_to, silent
from trading_ops.bars.ecb import history
from trading_ops.bars.fetch import Wanted, fetch
from trading_ops.bars.parse import parse_file
from trading_ops.bars.prepare import session_dates
from trading_ops.sources.config import ReadySource
from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.vendors import ONLINE

ECB = ONLINE["ecb"]
SESSION, NEWEST = date(2026, 6, 12), date(2026, 6, 13)
HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
\t<Cube>
"""
TAIL = "\t</Cube>\n</gesmes:Envelope>\n"
DAYS = {
    "2026-06-12": ("1.1543", "0.85110"),
    "2026-06-11": ("1.1521", "0.85190"),
    "2026-06-10": ("1.1498", "0.84955"),
}


def envelope(days: dict[str, tuple[str, str]]) -> bytes:
    """Return the bank's file of these days with (dollars, pounds) per euro, in the order given."""
    cubes = "".join(
        f'\t\t<Cube time="{day}"><Cube currency="USD" rate="{usd}"/><Cube currency="JPY" rate="166.20"/>'
        f'<Cube currency="GBP" rate="{gbp}"/></Cube>\n'
        for day, (usd, gbp) in days.items()
    )
    return f"{HEAD}{cubes}{TAIL}".encode()


GOOD = envelope(DAYS)


def rates_from(*acts, **options) -> list[tuple[str, str]]:
    """Return (day, rate) of what the bank's file becomes, read back as the loader reads it."""
    with replaying(*acts) as server:
        name, body = ECB.fetch_rates(session_to(server, **options), "GBPUSD", NEWEST)
    parsed = parse_file(body, name, np.datetime64(NEWEST), session_dates())
    assert (parsed.source, parsed.symbol) == ("ecb", "GBPUSD")
    return [(day, rate) for day, _, _, rate in parsed.rates]


def refusal_of(*acts, **options) -> NotDelivered:
    """Return why nothing is delivered."""
    with pytest.raises(NotDelivered) as refused:
        rates_from(*acts, **options)
    return refused.value


def test_the_pound_in_dollars_is_the_quotient_of_the_banks_two_rates():
    """1.1543 dollars and 0.85110 pounds per euro are 1.356245 dollars per pound; one request asks."""
    with replaying(answer(GOOD)) as server:
        ECB.fetch_rates(session_to(server, key=None), "GBPUSD", NEWEST)
    assert [head.split()[1] for head in server.requests] == ["/stats/eurofxref/eurofxref-hist-90d.xml"]
    assert rates_from(answer(GOOD)) == [
        ("2026-06-10", "1.353422"),
        ("2026-06-11", "1.352389"),
        ("2026-06-12", "1.356245"),
    ]


@pytest.mark.parametrize("order", [sorted(DAYS), ["2026-06-11", "2026-06-12", "2026-06-10"]])
def test_the_order_of_the_days_does_not_matter(order):
    """Newest first today; nothing promises it."""
    assert rates_from(answer(envelope({day: DAYS[day] for day in order}))) == rates_from(answer(GOOD))


def test_a_day_has_one_rate_whether_package_or_bank_gives_it():
    """Both are quotients rounded alike, also where one drops the last zero; no restatement is made up."""
    rows = "".join(f"{day},{usd},{gbp.rstrip('0')}\n" for day, (usd, gbp) in DAYS.items())
    assert history(f"Date,USD,GBP\n{rows}", NEWEST) == rates_from(answer(GOOD))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n<gesmes:Envelope'
# What became of the file -> (the answer, the outcome, words of the detail).
BAD = {
    "a web page": (b"<!DOCTYPE html><html><body>We are moving</body></html>", "blocked", "a web page"),
    "a page that links to it": (
        b"<html>see http://www.gesmes.org/xml/2002-08-01<br></html>", "failed", "broken or cut off in line 1",
    ),
    "cut off": (GOOD[:-60], "failed", "broken or cut off"),
    "cut after a day": (GOOD[: GOOD.index(b"2026-06-11") - 12], "failed", "broken or cut off"),
    "an entity bomb": (GOOD.replace(b"<gesmes:Envelope", BOMB.encode(), 1), "failed", "a document type"),
    "a bomb in another encoding": (
        GOOD.replace(b"<gesmes:Envelope", BOMB.encode(), 1).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        "failed", "unknown kind",
    ),
    "an entity nobody defined": (GOOD.replace(b"1.1521", b"&rate;"), "failed", "broken"),
    "another XML": (GOOD.replace(b"gesmes:Envelope", b"gesmes:Letter"), "failed", "no gesmes:Envelope"),
    "no day": (envelope({}), "no_data", "without a day"),
    "no pound on one day": (
        GOOD.replace(b'<Cube currency="GBP" rate="0.85190"/>', b""), "failed", "2026-06-11 has 0 rates of GBP",
    ),
    "two dollars": (
        GOOD.replace(b'"JPY"', b'"USD"', 1), "failed", "2026-06-12 has 2 rates of USD; accepted is one",
    ),
    "no time": (GOOD.replace(b"2026-06-11", b"yesterday"), "failed", "day 2 has no time such as"),
    "3 MB": (GOOD + b"<!--" + b"x" * 3_000_000 + b"-->", "failed", "accepted are at most 1000000"),
    **{
        f"a rate of {rate!r}": (
            GOOD.replace(b"0.85190", rate.encode()), "failed", "2026-06-11 has no rate of GBP that can be",
        )
        for rate in ("0", "0.0000", "-0.85", "NaN", "Infinity", "1e9", "1000000000", "1,15", "", "٠.٨٥", "canary")
    },
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_the_banks_file_is_refused_with_what_is_wrong(case):
    """Nothing of it is used, nothing of it is quoted, and a lasting fault is not asked for again."""
    body, outcome, words = BAD[case]
    limits = LIMITS.model_copy(update={"reply_bytes_max": 16_000_000})
    with replaying(answer(body)) as server, pytest.raises(NotDelivered) as refused:
        ECB.fetch_rates(session_to(server, limits=limits), "GBPUSD", NEWEST)
    assert refused.value.outcome == outcome and words in refused.value.detail
    assert "canary" not in refused.value.detail and len(server.requests) == 1
    if "not the bank's file" in refused.value.detail:
        assert refused.value.detail.endswith("load the bank's rate as FX-GBPUSD.csv")


def test_a_passing_503_is_asked_again():
    """A server that is busy for a moment costs an attempt."""
    assert rates_from(answer(b"", 503), answer(GOOD)) == rates_from(answer(GOOD))
    assert refusal_of(answer(b"", 503)).outcome == "failed"


def test_a_bank_that_says_nothing_costs_its_time_out():
    """Once per attempt, then the desk goes on without."""
    limits = LIMITS.model_copy(update={"read_timeout_s": 0.05, "attempts_max": 2})
    refused = refusal_of(silent, limits=limits)
    assert refused.outcome == "failed" and "no whole reply" in refused.detail


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (DAYS | {"2031-06-12": ("1.1", "0.8")}, "refused: .*2031-06-12.* is in the future"),
        (DAYS | {"2026-02-30": ("1.1", "0.8")}, "refused: .*2026-02-30"),
        ({"2026-06-11": DAYS["2026-06-11"]}, "stale: nothing for 2026-06-12"),
    ],
)
def test_a_day_that_cannot_be_or_is_missing_is_no_delivery(tmp_path, days, told):
    """The loader's own rules for dates hold for the bank as well; the next source is asked."""
    wanted = [Wanted("GBPUSD", {"ecb": "GBPUSD"}, is_pair=True)]
    lines = []
    with replaying(answer(envelope(days))) as server:
        sources = [ReadySource(ECB, session_to(server))]
        fetched = fetch(wanted, sources, NEWEST, SESSION, tmp_path, lines.append)
    assert fetched.sources == {} and len(fetched.files) == 1
    assert len(lines) == 1 and re.search(told, lines[0]), lines


def test_ninety_days_are_one_small_answer():
    """Sixty-five days of thirty currencies lie far below what is accepted."""
    days = [date(2026, 6, 12) - timedelta(days=one) for one in range(90)]
    body = envelope({str(one): DAYS["2026-06-12"] for one in days if one.weekday() < 5})
    assert len(rates_from(answer(body))) == 65 and len(body) * 10 < 1_000_000
