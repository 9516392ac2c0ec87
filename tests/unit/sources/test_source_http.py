"""Whatever a server does, a request ends: within its time, its bytes, its attempts and its pace."""

import gzip
import tracemalloc

import pytest
from pydantic import SecretStr

from tests.unit.sources.replay_server import (
    LIMITS,
    answer,
    redirect,
    replaying,
    reset_after,
    session_to,
    silent,
    trickling,
    truncated,
    unmeasured,
)
from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.http_session import HttpSession
from trading_ops.sources.online import csv_examiner
from trading_ops.sources.replies import examine
from trading_ops.sources.vendors import LAYOUTS

BODY = b"date,close\n" + b"2024-03-04,100.75\n" * 2000


def anything(reply):
    """Take every success for data."""
    return examine(reply, lambda _: True, ())


def outcome_of(*acts, limits=LIMITS, **options):
    """Return the failure a server causes, the server, and the pauses made."""
    with replaying(*acts) as server:
        session = session_to(server, limits=limits, **options)
        with pytest.raises(NotDelivered) as refused:
            session.get("/q", {}, anything)
    return refused.value, server, session.pauses


def limited(**changes):
    """Return the limits with some of them changed."""
    return LIMITS.model_copy(update=changes)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"],
    ids=["in the headers", "in the body"],
)
def test_a_server_that_trickles_is_left_at_the_total_time(start):
    """Every byte comes well within the read timeout, so only the total can end it."""
    limits = limited(total_timeout_s=1, attempts_max=1)
    refused, server, _ = outcome_of(trickling(start), limits=limits)
    assert (refused.outcome, refused.detail) == ("failed", "no whole reply within 1 s")
    assert len(server.requests) == 1


def test_a_silent_server_is_left_at_the_read_timeout():
    """It took the request and says nothing; the total time is far away."""
    refused, server, _ = outcome_of(silent, limits=limited(read_timeout_s=0.05))
    assert refused.outcome == "failed" and len(server.requests) == LIMITS.attempts_max


@pytest.mark.parametrize("sent_bytes", [0, 10, 60, 200, 20_000])
def test_a_connection_torn_down_anywhere_is_tried_again(sent_bytes):
    """A reset in the status line, the headers or the body costs one attempt."""
    with replaying(reset_after(BODY, sent_bytes), answer(BODY)) as server:
        session = session_to(server)
        assert session.get("/q", {}, anything).body == BODY
    assert len(server.requests) == 2


def test_fewer_bytes_than_declared_are_not_a_reply():
    """Half a history looks like a whole one; the length tells."""
    refused, server, _ = outcome_of(truncated(BODY))
    assert refused.outcome == "failed" and len(server.requests) == LIMITS.attempts_max


def test_a_packed_reply_that_is_cut_is_not_a_reply():
    """The end of a gzip stream is part of it."""
    packed = gzip.compress(BODY)
    refused, _, _ = outcome_of(answer(packed[:-20], **{"Content-Encoding": "gzip"}))
    assert refused.outcome == "failed" and "cut off" in refused.detail


def test_a_csv_without_length_must_end_with_its_line():
    """Where only the closed connection ends a reply, a cut would leave a shorter volume."""
    is_csv = csv_examiner(LAYOUTS, ())
    text = b"Date,Open,High,Low,Close,Volume\n2024-03-04,1,2,1,2,493729600"
    with replaying(unmeasured(text + b"\n")) as whole, replaying(unmeasured(text[:-3])) as cut:
        assert session_to(whole).get("/q", {}, is_csv).body == text + b"\n"
        with pytest.raises(NotDelivered, match="middle of its last line"):
            session_to(cut).get("/q", {}, is_csv)


@pytest.mark.parametrize("packing", ["gzip", "none"])
def test_a_bomb_costs_its_limit_and_no_more(packing):
    """50 MB of zeros, in 50 kB or as they are, are given up after the first megabyte."""
    body = bytes(50_000_000)
    packed = {"Content-Encoding": "gzip"}
    act = answer(gzip.compress(body), **packed) if packing == "gzip" else answer(body)
    with replaying(act) as server:
        session = session_to(server)
        # The first request also pays for what is imported on the way.
        for _ in range(2):
            tracemalloc.start()
            with pytest.raises(NotDelivered, match="more than 1000000 bytes"):
                session.get("/q", {}, anything)
            peak_bytes = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak_bytes < 4_000_000
    assert len(server.requests) == 2


def test_a_bomb_in_a_redirect_is_not_unpacked():
    """What stands beside the new address is never read."""
    bomb = gzip.compress(bytes(50_000_000))
    elsewhere = answer(bomb, 302, **{"Content-Encoding": "gzip", "Location": "/there"})
    with replaying(elsewhere, answer(BODY)) as server:
        assert session_to(server).get("/q", {}, anything).body == BODY
    assert len(server.requests) == 2


def test_a_packing_that_cannot_be_bounded_is_refused():
    """Only gzip was offered."""
    refused, _, _ = outcome_of(answer(b"x", **{"Content-Encoding": "br"}))
    assert "packed with 'br'" in refused.detail


def test_a_redirect_loop_ends_at_the_limit():
    """Three redirects are followed, the fourth is not."""
    refused, server, pauses = outcome_of(redirect("/round"))
    assert refused.detail == "more than 3 redirects"
    assert len(server.requests) == 4 and pauses == []


def test_a_redirect_to_another_host_does_not_take_the_key_along():
    """A header with a key is for the host it was made for."""
    with replaying(answer(BODY)) as other:
        host = other.url.replace("127.0.0.1", "localhost")
        with replaying(redirect(f"{host}/data")) as server:
            session_to(server).get("/q", {}, anything, {"Authorization": "Token k-123"})
    assert "k-123" in server.requests[0] and "k-123" not in other.requests[0]


def test_a_429_waits_as_long_as_it_is_asked_to():
    """Retry-After is honoured, in seconds and as a date."""
    dated = {"Date": "Fri, 15 Mar 2024 08:00:00 GMT", "Retry-After": "Fri, 15 Mar 2024 08:00:20 GMT"}
    acts = answer(b"wait", 429, **{"Retry-After": "7"}), answer(b"wait", 429, **dated), answer(BODY)
    with replaying(*acts) as server:
        session = session_to(server)
        assert session.get("/q", {}, anything).body == BODY
    assert session.pauses == [7.0, 20.0]


def test_a_pause_longer_than_the_limit_is_not_waited_for():
    """An hour is another run's business."""
    refused, server, pauses = outcome_of(answer(b"wait", 429, **{"Retry-After": "3600"}))
    assert refused.outcome == "limit" and "pause of 3600 s" in refused.detail
    assert len(server.requests) == 1 and pauses == []


def test_pauses_double_with_chance_and_stay_below_the_longest():
    """One, two, four, eight seconds with up to one more, at most eight."""
    refused, server, pauses = outcome_of(answer(b"", 503), limits=limited(attempts_max=6))
    assert refused.outcome == "failed" and len(server.requests) == 6
    assert all(least <= s <= min(least + 1, 8) for least, s in zip([1, 2, 4, 8, 8], pauses, strict=True))
    assert len(set(pauses)) > 2


@pytest.mark.parametrize("body", [b"Exceeded the daily hits limit", b"<html>blocked</html>", b"?"])
def test_what_will_not_pass_is_not_asked_again(body):
    """A refusal told with 200 is the same a minute later."""
    with replaying(answer(body)) as server:
        session = session_to(server)
        with pytest.raises(NotDelivered):
            session.get("/q", {}, csv_examiner(LAYOUTS, ((r"daily hits", "limit"),)))
    assert len(server.requests) == 1 and session.pauses == []


def test_a_port_nobody_listens_on_is_a_failure():
    """Refused connections are tried again like lost ones."""
    with replaying(silent) as server:
        url = server.url
    session = HttpSession(url, LIMITS, 60, "test", sleep=lambda s: None)
    with pytest.raises(NotDelivered, match="ConnectError") as refused:
        session.get("/q", {}, anything)
    assert refused.value.outcome == "failed"


@pytest.mark.parametrize("key", ["plain-key", "a/b+c=d&e f%", "ключ"])
def test_no_spelling_of_the_key_is_shown(key):
    """A server may say the address back as it was sent."""
    session = HttpSession("http://127.0.0.1:1", LIMITS, 60, "test", SecretStr(key))
    with replaying(lambda connection: None) as server:
        session.url = server.url
        session.sleep = lambda s: None
        with pytest.raises(NotDelivered):
            session.get("/q", {"apikey": key}, anything)
    address = server.requests[0].split()[1]
    assert session.redacted(f"{address} {key}").count("[key]") == 2
    assert key not in repr(session) and address.split("=", 1)[1] not in repr(session)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\ncanary\r\n\r\n",
        b"canary\r\n\r\n",
        b"HTTP/1.1 302 -\r\nLocation: x://canary:y/\r\n\r\n",
    ],
)
def test_what_a_server_says_in_place_of_http_is_not_told(head):
    """The error of the HTTP library quotes the line it could not read."""
    refused, _, _ = outcome_of(lambda connection: connection.sendall(head), limits=limited(attempts_max=1))
    assert refused.outcome == "failed" and "canary" not in refused.detail
