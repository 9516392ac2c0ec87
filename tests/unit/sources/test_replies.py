"""The refusals vendors were really seen to send, each with what it means, written by hand."""

from datetime import date

import pytest

from tests.unit.sources.replay_server import answer, replaying, session_to
from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.vendors import ONLINE

_NEWEST = date(2024, 3, 15)

# file -> (source, HTTP status it came with, outcome, words the detail must show)
BODIES = {
    "stooq_200_pow_challenge_2026-09-09.html": ("stooq", 200, "blocked", "verify your browser"),
    "stooq_200_get_your_apikey_2026-05-17.txt": ("stooq", 200, "blocked", "Get your apikey"),
    "stooq_200_exceeded_daily_hits_limit.txt": ("stooq", 200, "limit", "Exceeded the daily hits"),
    "stooq_200_przekroczony_dzienny_limit_PL.txt": ("stooq", 200, "limit", "Przekroczony"),
    "stooq_200_no_data.txt": ("stooq", 200, "no_data", "No data"),
    "yahoo_400_data_doesnt_exist.json": ("yahoo", 400, "no_data", "Data doesn't exist"),
    "yahoo_404_not_found.json": ("yahoo", 404, "not_found", "may be delisted"),
    "yahoo_422_range_too_old.json": ("yahoo", 422, "no_data", "within the last 60 days"),
    "yahoo_429_edge_too_many_requests.txt": ("yahoo", 429, "limit", "Edge: Too Many Requests"),
    "yahoo_429_too_many_requests.txt": ("yahoo", 429, "limit", "Too Many Requests"),
}
# What Tiingo and Twelve Data answer, as their users report it; no file of it was kept.
REPORTED = {
    ("tiingo", 200, b"Error: Ticker 'XYZW' not found"): "not_found",
    ("tiingo", 404, b'{"detail":"Not found."}'): "not_found",
    ("tiingo", 401, b'{"detail":"Please supply a token"}'): "blocked",
    ("tiingo", 403, b'{"detail":"Invalid token."}'): "blocked",
    ("tiingo", 429, b'{"detail":"Error: You have run over your hourly request allocation."}'): "limit",
    ("tiingo", 200, b"You have run over your 500 symbol look up for this month. Please upgrade"): "limit",
    ("tiingo", 200, b"[]"): "no_data",
    (
        "twelve_data",
        200,
        b'{"code":429,"message":"You have run out of API credits for the current minute.","status":"error"}',
    ): "limit",
    (
        "twelve_data",
        401,
        b'{"code":401,"message":"**apikey** parameter is incorrect or not specified.","status":"error"}',
    ): "blocked",
    (
        "twelve_data",
        404,
        b'{"code":404,"message":"**symbol** or **figi** parameter is missing or invalid.","status":"error"}',
    ): "not_found",
    (
        "twelve_data",
        400,
        b'{"code":400,"message":"**symbol** not found: XYZW. Please specify it correctly.","status":"error"}',
    ): "not_found",
    (
        "twelve_data",
        400,
        b'{"code":400,"message":"No data is available on the specified dates.","status":"error"}',
    ): "no_data",
    (
        "twelve_data",
        403,
        b'{"code":403,"message":"This symbol is available starting with Grow plan.","status":"error"}',
    ): "not_found",
    ("stooq", 200, b"Brak danych"): "no_data",
    ("stooq", 404, b"<html><p>The page you requested does not exist</p></html>"): "blocked",
}


def refusal(source: str, status: int, body: bytes) -> NotDelivered:
    """Return what a source makes of a reply."""
    online = ONLINE[source]
    with replaying(answer(body, status)) as server, pytest.raises(NotDelivered) as refused:
        online.fetch_bars(session_to(server), online.example_symbol, _NEWEST)
    return refused.value


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("sent_as", ["as it came", "with 200"])
def test_a_recorded_refusal_is_recognised_by_its_words(real_files, name, sent_as):
    """Every real body has its outcome, also when a front end passes it on as a success."""
    source, status, outcome, words = BODIES[name]
    body = (real_files / "http_error_bodies" / name).read_bytes()
    found = refusal(source, status if sent_as == "as it came" else 200, body)
    assert found.outcome == outcome and words in found.detail


def test_every_recorded_refusal_is_in_the_table(real_files):
    """A body added to the set has to be looked at by a person first."""
    kept = {path.name for path in (real_files / "http_error_bodies").iterdir()}
    assert kept - {"README.txt"} == set(BODIES)


def test_the_four_ways_to_refuse_are_told_apart():
    """The table would prove little if it knew one outcome only."""
    assert {outcome for _, _, outcome, _ in BODIES.values()} == {"blocked", "limit", "no_data", "not_found"}


@pytest.mark.parametrize(("source", "status", "body"), REPORTED)
def test_a_reported_refusal_is_recognised(source, status, body):
    """The keyed vendors answer in JSON or prose, with or without an error status."""
    assert refusal(source, status, body).outcome == REPORTED[source, status, body]


def test_a_bot_check_is_asked_once_and_never_answered(real_files):
    """The page wants a sum and a POST; the desk sends neither and goes away."""
    body = (real_files / "http_error_bodies/stooq_200_pow_challenge_2026-09-09.html").read_bytes()
    with replaying(answer(body)) as server, pytest.raises(NotDelivered):
        ONLINE["stooq"].fetch_bars(session_to(server), "AAPL", _NEWEST)
    assert [head.split()[0] for head in server.requests] == ["GET"]
    assert "__verify" not in server.requests[0]


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, "The proxy's password is canary", "30 bytes of text"),
        (500, "<html>Traceback: token=canary</html>", "36 bytes of a web page"),
        (403, "<html><body>canary</body></html>", "32 bytes of a web page"),
        (200, '{"jwt": "canary"}', "17 bytes of JSON"),
        (404, "canary", "6 bytes of text"),
        (200, "", "no text"),
    ],
)
def test_a_reply_nobody_has_seen_before_is_told_by_size_and_kind(status, body, told):
    """A front end's page may hold what it knows; it once went into the mail up to its 240th character."""
    found = refusal("stooq", status, body.encode())
    assert f"(HTTP {status}: {told})" in found.detail


@pytest.mark.parametrize(
    "echo",
    [
        "apikey: canary",
        '"token":"canary"',
        "Authorization: Bearer canary8",
        "password = canary",
        "asked was https://stooq.com/q/d/l/?s=aapl.us&apikey=canary",
        "sk_live_51canary8f00ba4",
        "session=canary; Path=/",
        "eyJhbGciOiJIUzI1NiJ9.canary.sig",
        "canaryABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ],
)
def test_what_looks_like_a_secret_in_a_refusal_is_left_out(echo):
    """The desk's own key is taken out wherever it stands; a vendor may say back somebody else's as well."""
    found = refusal("stooq", 200, f"Get your apikey first. {echo} Exceeded the daily hits limit".encode())
    assert found.outcome == "blocked" and "Get your apikey first." in found.detail
    assert "canary" not in found.detail
