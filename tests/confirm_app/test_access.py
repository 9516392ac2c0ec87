"""Who gets in, and what a stranger, a forged form or a forwarded link can do: nothing."""

import dataclasses
import re
import stat

import pytest
from werkzeug.security import generate_password_hash

from confirm_app import create_app
from confirm_app.people import accounts
from confirm_app.people.access import local_path
from confirm_app.people.accounts import set_person
from confirm_app.people.session_key import read_session_key
from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import Visitor
from tests.confirm_app.desk_rows import count_rows, fill_fields, select
from trading_ops.db.connect import connect
from trading_ops.ops import halt


def test_a_stranger_is_sent_to_sign_in_and_comes_back(visitor, ticket):
    """The link of the mail leads to the ticket, with a sign-in on the way."""
    answer = visitor.client.get(f"/confirm/{ticket}")
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next=/confirm/{ticket}")
    form = visitor.form_of(answer.location, "/sign-in")
    passwords = desk_rows.PASSWORDS
    answer = visitor.client.post(
        "/sign-in", data=form | {"person": "Executor ", "password": passwords["executor"]}
    )
    assert (answer.status_code, answer.location) == (303, f"/confirm/{ticket}")


def test_every_page_needs_a_sign_in(app, ticket):
    """New pages are closed unless they are named open."""
    open_rules = {"/sign-in", "/health", "/static/<path:filename>"}
    numbers = dict.fromkeys(("line_number", "snapshot_id", "movement_id", "event_id", "incident_id"), 1)
    values = numbers | {"ticket_id": ticket, "name": "monday"}
    closed = [rule for rule in app.url_map.iter_rules() if rule.rule not in open_rules]
    assert len(closed) >= 10
    for rule in closed:
        method = "POST" if "POST" in rule.methods else "GET"
        path = app.url_map.bind("").build(
            rule.endpoint, {name: values[name] for name in rule.arguments}, method=method
        )
        answer = app.test_client().open(path, method=method)
        assert answer.status_code == 303 and answer.location.startswith("/sign-in"), rule


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "",
        "a",
        "/" + "x" * 400,
    ],
)
def test_a_link_leads_nobody_to_another_site(text):
    """Only a plain path of this site survives."""
    assert local_path(text) == "/"


def test_an_unknown_name_and_a_wrong_password_look_alike(visitor, desk, ticket):
    """Nobody learns which names there are; only what was tried of a name that is one is in the log."""
    form = visitor.form_of("/sign-in", "/sign-in")
    unknown = visitor.client.post("/sign-in", data=form | {"person": "nobody", "password": "x"})
    wrong = visitor.client.post("/sign-in", data=form | {"person": "executor", "password": "x"})
    assert (unknown.status_code, wrong.status_code) == (401, 401)
    # The token of each form differs; nothing else may.
    token = r'name="csrf_token" value="[^"]+"'
    assert re.sub(token, "", unknown.text) == re.sub(token, "", wrong.text)
    refused = select(desk, "select person from desk.audit_log where action = 'sign_in_refused'")
    assert [row["person"] for row in refused] == ["executor"]


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "'; drop table desk.people; --", "ünï"])
def test_a_strange_name_is_just_nobody(visitor, ticket, name):
    """No text in the name field is more than a wrong name."""
    form = visitor.form_of("/sign-in", "/sign-in")
    assert visitor.client.post("/sign-in", data=form | {"person": name, "password": "x"}).status_code == 401


def test_a_form_without_its_token_is_refused_and_logged(executor, desk, ticket):
    """
    A form of another site carries no token: nothing is recorded, and the log says whose session was used.
    """
    form = executor.line_form(ticket, 1) | {"outcome": "DONE"} | fill_fields()
    for token in ("", "forged"):
        answer = executor.client.post(f"/confirm/{ticket}/lines/1", data=form | {"csrf_token": token})
        assert answer.status_code == 400 and "Nothing was recorded" in answer.text
    assert select(desk, "select 1 from desk.confirmations") == []
    assert len(select(desk, "select 1 from desk.audit_log where action = 'form_refused'")) == 2


def test_an_ended_session_leads_back_to_the_ticket(executor, desk, ticket):
    """A form sent after signing out records nothing and returns to its page, not to its own address."""
    form = executor.line_form(ticket, 1) | {"outcome": "DONE"} | fill_fields()
    executor.client.post("/sign-out", data={"csrf_token": form["csrf_token"]})
    answer = executor.client.post(f"/confirm/{ticket}/lines/1", data=form)
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next=/confirm/{ticket}")
    assert select(desk, "select 1 from desk.confirmations") == []


def test_a_new_password_ends_the_old_sessions(executor, desk, ticket):
    """Whoever found a lost phone is out as soon as the password is changed."""
    assert executor.client.get("/").status_code == 200
    with connect("desk_planner", desk) as connection:
        set_person(connection, "executor", "executor", "executor@trading-ops.example", "another password")
    assert executor.client.get("/").status_code == 303


def test_a_password_is_stored_as_a_hash_and_not_too_short(desk, monkeypatch):
    """What is in the database opens nothing, and costs a tenth of a second a guess."""
    monkeypatch.setattr(accounts, "generate_password_hash", generate_password_hash)
    with connect("desk_planner", desk) as connection:
        with pytest.raises(ValueError, match="at least 8"):
            set_person(connection, "ann", "executor", "a@b.example", "short")
        set_person(connection, "ann", "executor", "a@b.example", "long enough")
    [person] = select(desk, "select password_hash from desk.people where person_id = 'ann'")
    assert (
        person["password_hash"].startswith("scrypt:32768:8:1$")
        and "long enough" not in person["password_hash"]
    )


def test_the_session_key_is_made_once_and_private(tmp_path):
    """Workers and restarts share one key that only its owner can read; a broken file is an error."""
    path = tmp_path / "secrets/session_key"
    key = read_session_key(path)
    assert read_session_key(path) == key and len(key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["session_key"]
    path.write_text("")
    with pytest.raises(ValueError, match="holds no session key"):
        read_session_key(path)


def test_cookies_are_for_this_page_only(desk, ticket):
    """HttpOnly and SameSite always; over https also Secure and bound to the host."""
    for url, is_secure in (("http://127.0.0.1:8075", False), ("https://desk.example", True)):
        app = create_app(dataclasses.replace(desk, confirm_url=url))
        [cookie] = app.test_client().get("/sign-in").headers.getlist("Set-Cookie")
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
        assert ("Secure" in cookie, cookie.startswith("__Host-")) == (is_secure, is_secure)


def test_every_answer_carries_its_safety_headers(executor, ticket):
    """No script runs, no foreign page frames it, and no shared computer keeps it."""
    for path in (f"/confirm/{ticket}", "/sign-in", "/health", "/no-such-page"):
        headers = executor.client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert (
            "default-src 'none'" in policy
            and "frame-ancestors 'self'" in policy
            and "script-src" not in policy
        )
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_a_storm_of_scanners_writes_nothing(app, executor, desk, ticket):
    """Three hundred GETs and HEADs of links, signed in or not, leave every row of every table alone."""
    paths = ["/", f"/confirm/{ticket}", "/snapshots/new", "/snapshots/1", "/halt", "/health", "/sign-in", "/cash/new",
             f"/confirm/{ticket}?confirm=yes&outcome=DONE", f"/confirm/{ticket}/lines/1", "/halt/engage"]  # fmt: skip
    strangers = Visitor(app.test_client())
    before = count_rows(desk)
    [start] = select(desk, "select pg_current_xact_id()::text::bigint as xact")
    sent = 0
    for _ in range(7):
        for path in paths:
            for client in (executor.client, strangers.client):
                assert client.get(path).status_code < 500
                assert client.head(path).status_code < 500
                sent += 2
    assert sent >= 300
    assert count_rows(desk) == before
    # A row written or changed since would carry a later transaction id.
    assert {
        table: select(desk, f"select 1 from {table} where xmin::text::bigint >= %s", start["xact"])
        for table in before
    } == {table: [] for table in before}


def test_a_get_could_not_write_if_it_tried(app, desk, ticket):
    """The connection of a GET is read-only in Postgres, so no mistake in the page can make it write."""
    import psycopg

    from confirm_app.database import reading

    with app.test_request_context("/"), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reading().execute("select desk.engage_halt('by mistake', 'nobody')")


def test_far_too_large_a_form_is_refused(executor, desk, ticket):
    """Half a megabyte is no confirmation."""
    form = executor.line_form(ticket, 1) | {"outcome": "SKIPPED", "notes": "x" * 500_000}
    assert executor.client.post(f"/confirm/{ticket}/lines/1", data=form).status_code == 413


def test_every_page_says_which_desk_it_is_and_whether_it_is_halted(desk, visitor, ticket):
    """Signed in or not, and when something went wrong; why it is halted is for people of the desk."""
    with connect("desk_planner", desk) as connection:
        halt.engage(connection, "a secret reason", "operator")
    for path in ("/sign-in", "/no/such/page"):
        page = visitor.client.get(path, follow_redirects=True).text
        assert "DESK HALTED" in page and "SIMULATED" in page and "Book: demo" in page
        assert "a secret reason" not in page
    visitor.sign_in()
    for path in ("/", "/no/such/page", f"/confirm/{ticket}", "/halt", "/snapshots/new"):
        page = visitor.client.get(path).text
        assert "DESK HALTED" in page and "a secret reason" in page and "Book: demo" in page
    refused = visitor.client.post("/halt/engage", data={})
    assert refused.status_code == 400 and "DESK HALTED" in refused.text
