"""
What every source keeps, whoever wrote it: a module put into the folder is tested here as it is.

Each online source sends its own example reply, so its format is proven by the same parser that
reads a file somebody downloaded by hand.
"""

import dataclasses
import gzip
import logging
import random
from datetime import date

import numpy as np
import pytest
from pydantic import SecretStr

from tests.unit.sources.replay_server import (
    LIMITS,
    answer,
    gzipped,
    redirect,
    replaying,
    reset_after,
    session_to,
    silent,
    truncated,
)
from trading_ops.bars.parse import parse_file
from trading_ops.bars.prepare import session_dates
from trading_ops.settings import PROJECT_ROOT
from trading_ops.sources import layout as columns
from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.vendors import LAYOUTS, MODULES, ONLINE, symbol_in_name

NEWEST = date(2024, 3, 15)
KEY = "canary-4f9c/+=key"
BASES = {"raw", "split_adjusted", "fully_adjusted"}
KINDS = {value for name, value in vars(columns).items() if name.isupper()}

by_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: f"{one.source}: {one.header[:3]}")
by_source = pytest.mark.parametrize("source", ONLINE.values(), ids=ONLINE)
WITH_BARS = {name: one for name, one in ONLINE.items() if one.fetch_bars}


def fetched(source, session):
    """Fetch a source's example: a symbol, or a pair where it has rates only."""
    return (source.fetch_bars or source.fetch_rates)(session, source.example_symbol, NEWEST)


def refusal_from(source, *acts, **options) -> tuple[NotDelivered, object]:
    """Return why a source does not deliver when its server acts like this, and the server."""
    with replaying(*acts) as server, pytest.raises(NotDelivered) as refused:
        fetched(source, session_to(server, **options))
    return refused.value, server


def test_every_module_of_the_folder_that_has_layouts_is_a_source():
    """Nothing has to be registered, and the simulated market comes first; so it is with what can be asked."""
    folder = PROJECT_ROOT / "plugins/trading_ops/sources/vendors"
    written = {path.stem for path in folder.glob("*.py") if "\nLAYOUTS = " in path.read_text()}
    found = [module.__name__.rsplit(".", 1)[1] for module in MODULES]
    assert set(found) == written and len(written) >= 6
    assert found[0] == "simulated" and found[1:] == sorted(found[1:])
    assert set(ONLINE) == {path.stem for path in folder.glob("*.py") if "\nONLINE = " in path.read_text()}


@by_layout
def test_a_layout_declares_what_its_columns_and_prices_are(layout):
    """One meaning per header cell, and a basis for prices but not for rates."""
    assert len(layout.header) == len(layout.columns)
    assert {one for one in layout.columns if not one.startswith("beside_")} <= KINDS
    assert len(set(layout.columns)) == len(layout.columns)
    assert all(cell == cell.strip().lower() for cell in layout.header)
    assert layout.columns.count(columns.DATE) == 1
    assert (layout.price_basis in BASES) == (columns.RATE not in layout.columns)
    if layout.has_bars:
        bar = {columns.OPEN, columns.HIGH, columns.LOW, columns.CLOSE, columns.VOLUME}
        assert bar <= set(layout.columns)


@by_layout
def test_a_file_name_gives_the_symbol_back(layout):
    """Every name the layout says it accepts carries a symbol."""
    forms = [form for part in layout.names_form.split(", ") for form in part.split(" or ")]
    symbols = [symbol_in_name(layout, f"some folder/{form.strip()}") for form in forms]
    assert symbols and all(symbols)


def test_no_two_layouts_claim_the_same_file():
    """Header and name together mean one thing."""
    forms = {
        form.strip()
        for layout in LAYOUTS
        for part in layout.names_form.split(", ")
        for form in part.split(" or ")
    }
    for form in forms:
        claims = [one.header for one in LAYOUTS if symbol_in_name(one, form)]
        assert len(claims) == len(set(claims)), form


@by_source
def test_a_good_reply_becomes_a_file_of_the_source(source):
    """The example parses as the source's own, under the symbol that was asked for, with its basis."""
    with replaying(answer(source.example)) as server:
        name, body = fetched(source, session_to(server, key=SecretStr(KEY)))
    parsed = parse_file(body, name, np.datetime64(NEWEST), session_dates())
    assert (parsed.source, parsed.symbol) == (source.name, source.example_symbol)
    assert parsed.row_count == 2 and parsed.layout.has_bars == (source.name in WITH_BARS)


@by_source
def test_a_packed_reply_is_the_same_file(source):
    """gzip is unpacked."""
    with replaying(answer(source.example)) as plain, replaying(gzipped(source.example)) as packed:
        assert fetched(source, session_to(plain)) == fetched(source, session_to(packed))


@pytest.mark.parametrize("source", WITH_BARS.values(), ids=WITH_BARS)
@pytest.mark.parametrize("symbol", ["AAPL", "F", None])
def test_what_is_asked_for_is_the_symbol_in_the_file_name(source, symbol):
    """The desk's name comes back, however the vendor spells it in its address."""
    symbol = symbol or source.example_symbol
    example = source.example.replace(source.example_symbol.encode(), symbol.encode())
    with replaying(answer(example)) as server:
        name, _ = source.fetch_bars(session_to(server), symbol, NEWEST)
    own = [layout for layout in LAYOUTS if layout.source == source.name and layout.has_bars]
    assert symbol in {symbol_in_name(layout, name) for layout in own}


REPLIES = {
    "429": (429, b"slow down", "limit"),
    "too many requests with 200": (200, b"Too Many Requests", "limit"),
    "401 without words": (401, b"", "blocked"),
    "403 without words": (403, b"no", "blocked"),
    "404 without words": (404, b"", "not_found"),
    "a web page": (200, b"<!DOCTYPE html><html><body>hello</body></html>", "blocked"),
    "a bot check": (503, b"<html>Checking: enable JavaScript and wait</html>", "blocked"),
    "a broken server": (500, b"oops", "failed"),
    "a broken server's page": (502, b"<html><h1>502 Bad Gateway</h1></html>", "failed"),
    "nothing": (200, b"", "failed"),
    "something else": (200, b"hello, world", "failed"),
    "another table": (200, b"name,age\nbob,3\n", "failed"),
    "json": (200, b'{"hello": 1}', "failed"),
    "no text": (200, bytes(range(128, 256)), "failed"),
}


@by_source
@pytest.mark.parametrize("kind", REPLIES)
def test_every_kind_of_refusal_has_its_outcome(source, kind):
    """What anybody's front end may answer is told apart, for every source alike."""
    status, body, outcome = REPLIES[kind]
    refused, _ = refusal_from(source, answer(body, status))
    assert refused.outcome == outcome
    assert "\n" not in refused.detail and len(refused.detail) < 400


@by_source
def test_a_reply_with_the_right_form_and_an_error_status_is_no_data(source):
    """The body decides what a refusal is, but an error never counts as data."""
    refused, _ = refusal_from(source, answer(source.example, 404))
    assert refused.outcome == "not_found"


@by_source
def test_bounded_bytes(source):
    """A bomb of 50 MB in 50 kB is given up at the limit and not tried again."""
    refused, server = refusal_from(
        source, answer(gzip.compress(bytes(50_000_000)), **{"Content-Encoding": "gzip"})
    )
    assert (refused.outcome, refused.detail) == ("failed", "more than 1000000 bytes")
    assert len(server.requests) == 1


@by_source
def test_bounded_time(source):
    """A server that says nothing costs the read timeout once per attempt."""
    limits = LIMITS.model_copy(update={"read_timeout_s": 0.05, "attempts_max": 2})
    refused, server = refusal_from(source, silent, limits=limits)
    assert refused.outcome == "failed" and len(server.requests) == 2


@by_source
def test_bounded_redirects(source):
    """A server that sends round in circles is left after the limit."""
    refused, server = refusal_from(source, redirect("/again"))
    assert (refused.outcome, refused.detail) == ("failed", "more than 3 redirects")
    assert len(server.requests) == 4


@by_source
@pytest.mark.parametrize("break_off", [truncated, lambda body: reset_after(body, 120)])
def test_a_broken_reply_is_tried_again_and_its_part_is_never_used(source, break_off):
    """A connection that breaks costs an attempt; the whole reply comes with the next."""
    acts = break_off(source.example), answer(source.example)
    with replaying(*acts) as server, replaying(answer(source.example)) as sound:
        session = session_to(server)
        assert fetched(source, session) == fetched(source, session_to(sound))
    assert len(session.pauses) >= 1
    refused, server = refusal_from(source, break_off(source.example))
    assert refused.outcome == "failed" and len(server.requests) == 3


@by_source
def test_a_reply_cut_anywhere_is_never_taken_for_a_shorter_one(source):
    """Whatever byte it ends at, a reply with a declared length is whole or failed."""
    length = len(source.example)
    places = random.Random(7).sample(range(1, length), 12)
    limits = LIMITS.model_copy(update={"attempts_max": 1})
    for place in places:
        act = truncated(source.example[:place], length - place)
        assert refusal_from(source, act, limits=limits)[0].outcome == "failed"


@by_source
def test_the_key_is_sent_and_never_shown(source, caplog, capsys):
    """Not in an error, not in a log, not on the screen; even when the server says it back."""
    caplog.set_level(logging.DEBUG)
    echo = f"your apikey {KEY} is wrong".encode()
    refused, server = refusal_from(source, answer(echo), key=SecretStr(KEY))
    broken, _ = refusal_from(source, reset_after(b"", 0), key=SecretStr(KEY))
    shown = f"{refused!r} {refused} {broken!r} {broken} {caplog.text} {capsys.readouterr()}"
    assert "canary" not in shown
    if source.needs_key:
        assert "canary-4f9c" in server.requests[0]


@by_source
def test_a_source_works_alike_without_any_pause(source):
    """The pace is the session's: a second request waits for its turn."""
    clock = iter([0.0] * 50)
    with replaying(answer(source.example)) as server:
        session = dataclasses.replace(
            session_to(server), requests_per_minute=6, monotonic=lambda: next(clock)
        )
        fetched(source, session)
        fetched(source, session)
        waits = session.sleep.__self__
    assert waits == [10.0 * (n + 1) for n in range(len(server.requests) - 1)]
