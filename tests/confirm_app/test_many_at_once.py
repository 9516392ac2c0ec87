"""Strangers by the hundred: what they use up is the page's, and the people of the desk get in."""

import socket
import threading
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from confirm_app.people import accounts
from tests.confirm_app.conftest import Visitor
from tests.confirm_app.desk_rows import PASSWORDS, select
from tests.database.rows import superuser
from trading_ops.db.connect import connect

CONNECTIONS = """
select count(*) as n from pg_stat_activity
where datname = current_database() and application_name = 'trading-ops desk_app'
"""


@pytest.fixture
def line_of_strangers(monkeypatch):
    """The line of devices nobody knows is full, and nobody waits in it for more than a second."""
    monkeypatch.setattr(accounts, "_PATIENCE_S", 1)
    line = accounts._LINES[False]
    for _ in range(2):
        line.acquire()
    yield
    for _ in range(2):
        line.release()


def test_guesses_from_everywhere_hold_no_connection_while_they_wait(app, ticket, desk, line_of_strangers):
    """Two hundred of them took every connection there is for forty seconds, those of a halt as well."""
    answers = []
    guesses = [
        threading.Thread(target=lambda: answers.append(Visitor(app.test_client()).sign_in()))
        for _ in range(5)
    ]
    for guess in guesses:
        guess.start()
    time.sleep(0.8)
    assert select(desk, CONNECTIONS)[0]["n"] == 0
    for guess in guesses:
        guess.join(30)
    assert [answer.status_code for answer in answers] == [503] * 5
    assert "Too many people sign in" in answers[0].text and answers[0].headers["Retry-After"]


def test_a_known_device_does_not_stand_in_line_with_strangers(visitor, ticket, monkeypatch):
    """It signed in before, so it is let past those who never did."""
    assert visitor.sign_in().status_code == 303
    visitor.client.post("/sign-out", data=visitor.form_of("/halt", "/halt/engage"))
    monkeypatch.setattr(accounts, "_PATIENCE_S", 0.1)
    line = accounts._LINES[False]
    line.acquire(), line.acquire()
    try:
        assert visitor.sign_in().status_code == 303
    finally:
        line.release(2)


def test_a_page_that_used_up_its_connections_keeps_no_halt_out(desk):
    """Each role of the desk still gets in, and the page says that its database is away."""
    held = []
    try:
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            for _ in range(60):
                held.append(connect("desk_app", desk))
        assert len(held) >= 20
        with connect("desk_planner", desk) as connection:
            connection.execute("select desk.engage_halt('', 'shell')")
    finally:
        for connection in held:
            connection.close()


def test_a_removed_person_is_answered_like_a_stranger(visitor, ticket, desk):
    """With the old password, kept or not: the same page, no session, no row of theirs in the log."""
    hashed = select(desk, "select password_hash from desk.people where person_id = 'executor'")[0][
        "password_hash"
    ]
    for kept in (hashed, "!"):
        with connect("desk_planner", desk) as connection:
            connection.execute(
                "select desk.set_person('operator', 'executor', 'gone', 'e@x.example', %s)", (kept,)
            )
        answer = visitor.sign_in()
        assert answer.status_code == 401 and "Name or password is wrong" in answer.text
        assert visitor.client.get("/").status_code == 303
    assert not select(desk, "select 1 from desk.audit_log where action like 'sign_in%%'")
    stranger = visitor.client.post(
        "/sign-in",
        data=visitor.form_of("/sign-in", "/sign-in")
        | {"person": "nobody", "password": PASSWORDS["executor"]},
    )
    assert stranger.status_code == 401


def test_a_removed_persons_session_ends_at_once(executor, desk):
    """Also where the password was left as it was."""
    assert executor.client.get("/").status_code == 200
    with connect("desk_planner", desk) as connection:
        kept = select(desk, "select password_hash from desk.people where person_id = 'executor'")[0][
            "password_hash"
        ]
        connection.execute(
            "select desk.set_person('operator', 'executor', 'gone', 'e@x.example', %s)", (kept,)
        )
    assert executor.client.get("/").status_code == 303


def test_a_visitor_does_not_say_where_the_page_lies(page):
    """A proxy on the same machine passes SCRIPT_NAME on, and the page's links followed it."""
    address = urlsplit(page)
    for name in ("SCRIPT_NAME", "Script-Name"):
        with socket.create_connection((address.hostname, address.port), timeout=10) as visitor:
            visitor.sendall(
                f"GET /evil/sign-in HTTP/1.1\r\nHost: desk\r\n{name}: /evil\r\nConnection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: visitor.recv(65536), b""))
        assert b"Location: /sign-in?next=/evil/sign-in" in answer, answer[:300]


def test_who_waited_for_the_attempt_before_is_not_sent_away_for_it(desk):
    """The attempt before is over when this one is looked at, whichever began first."""
    attempt = "select desk.admit_sign_in('executor', '203.0.113.0/24', null) as wait_s"
    waited = []

    def admit():
        with connect("desk_app", desk) as connection:
            waited.append(connection.execute(attempt).fetchone()["wait_s"])

    late = threading.Thread(target=admit)
    with superuser(desk) as connection, connection.transaction():
        connection.execute("lock table desk.sign_in_brakes in share row exclusive mode")
        late.start()
        time.sleep(0.5)
        assert connection.execute(attempt).fetchone()["wait_s"] == 0
    late.join(10)
    assert waited == [0]
