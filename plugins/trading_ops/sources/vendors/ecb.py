"""
The European Central Bank: what a euro is worth in each currency, once a day; rates and no bars.

A pound in dollars is the quotient of two of its rates. The desk asks for the file of the last ninety days,
so one request fills a gap of weeks. An XML that declares a document type is not read at all: only there
could it define entities that grow.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.online import FetchedFile, OnlineSource
from trading_ops.sources.replies import Reply, examine
from trading_ops.sources.vendors.simulated import rates_file

SOURCE = "ecb"
_PATH = "/stats/eurofxref/eurofxref-hist-90d.xml"
_GESMES = "http://www.gesmes.org/xml/2002-08-01"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
# Ninety days of thirty currencies are a tenth of it.
_BYTES_MAX = 1_000_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The dearest currency of the file has five digits before the point.
_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?")
# One digit more than the bank's own five.
_RATE_STEP = Decimal("0.000001")


def cross_rate(base_per_euro: str, quote_per_euro: str) -> str:
    """Return what one unit of the base currency is worth in the quote currency."""
    return str((Decimal(quote_per_euro) / Decimal(base_per_euro)).quantize(_RATE_STEP))


def fetch_rates(http, pair: str, newest_date: date) -> FetchedFile:
    """Return the rates of the last ninety days, oldest first; a later date is for the loader to refuse."""

    def is_data(reply: Reply) -> bool:
        return is_envelope(reply.body) and bool(_rates(reply.body, pair))

    reply = http.get(_PATH, {}, lambda reply: examine(reply, is_data, ()))
    return rates_file(pair, SOURCE, _rates(reply.body, pair))


def is_envelope(body: bytes) -> bool:
    """Say whether a body is text that names the bank's envelope; a web page is none."""
    try:
        return _GESMES in body.decode()
    except UnicodeDecodeError:
        return False


def _rates(body: bytes, pair: str) -> list[tuple[str, str]]:
    """Return (day, rate) of a pair, oldest first. Raises NotDelivered for whatever is not as it should be."""
    rates = sorted(_read(body, pair[:3], pair[3:]))
    if not rates:
        raise NotDelivered("no_data", "an envelope without a day")
    return rates


def _read(body: bytes, base: str, quote: str) -> Iterator[tuple[str, str]]:
    if len(body) > _BYTES_MAX:
        raise _refusal(f"it has {len(body)} bytes; accepted are at most {_BYTES_MAX}")
    text = body.decode("utf-8-sig")
    if "<!DOCTYPE" in text:
        raise _refusal("it declares a document type; accepted is XML without one")
    try:
        # As text it is read as the UTF-8 that was looked at, whatever encoding it claims.
        envelope = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        line, _ = error.position
        raise _refusal(f"its XML is broken or cut off in line {line}") from None
    if envelope.tag != f"{{{_GESMES}}}Envelope":
        raise _refusal("its XML is no gesmes:Envelope")
    for number, day in enumerate(envelope.iterfind(f"{_CUBE}/{_CUBE}"), 1):
        time = day.get("time", "")
        if not _DAY.fullmatch(time):
            raise _refusal(f"its day {number} has no time such as 2026-06-12")
        yield time, cross_rate(_rate(day, time, base), _rate(day, time, quote))


def _rate(day: ElementTree.Element, time: str, currency: str) -> str:
    texts = [cube.get("rate", "") for cube in day.iterfind(_CUBE) if cube.get("currency") == currency]
    if len(texts) != 1:
        raise _refusal(f"{time} has {len(texts)} rates of {currency}; accepted is one")
    if not _RATE.fullmatch(texts[0]) or not Decimal(texts[0]):
        raise _refusal(f"{time} has no rate of {currency} that can be; accepted is a number such as 1.1543")
    return texts[0]


def _refusal(problem: str) -> NotDelivered:
    cure = "until it is right again, load the bank's rate as FX-GBPUSD.csv"
    return NotDelivered("failed", f"not the bank's file of rates: {problem}; {cure}")


ONLINE = OnlineSource(
    name=SOURCE,
    needs_key=False,
    fetch_bars=None,
    fetch_rates=fetch_rates,
    example_symbol="GBPUSD",
    example=b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    b' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
    b"<gesmes:subject>Reference rates</gesmes:subject>"
    b"<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender><Cube>"
    b'<Cube time="2024-03-05"><Cube currency="USD" rate="1.0849"/><Cube currency="JPY" rate="163.05"/>'
    b'<Cube currency="GBP" rate="0.85528"/></Cube>'
    b'<Cube time="2024-03-04"><Cube currency="USD" rate="1.0846"/><Cube currency="JPY" rate="163.31"/>'
    b'<Cube currency="GBP" rate="0.85565"/></Cube>'
    b"</Cube></gesmes:Envelope>",
)
