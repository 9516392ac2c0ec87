"""Snapshots, cash, halt and health."""

import dataclasses

from confirm_app import create_app
from tests.confirm_app.conftest import Visitor, doubts_of
from tests.confirm_app.desk_rows import count_rows, deposit, select
from tests.conftest import free_port
from tests.database import rows


def test_a_snapshot_is_recorded_once_and_shown_beside_the_ledger(executor, desk, ticket):
    """What differs is marked, an unknown symbol is named, and sending it twice counts once."""
    executor.confirm(ticket, 1)
    form = executor.form_of("/snapshots/new", "/snapshots/new")
    fields = form | {"cash": "£9,500.00", "positions": "ALDR 6.25 512.40\nXYZQ 1"}
    asked = executor.client.post("/snapshots/new", data=fields)
    assert asked.status_code == 422 and "XYZQ (1 units) is no name of the universe" in asked.text
    fields |= doubts_of(asked)
    answer = executor.client.post("/snapshots/new", data=fields)
    assert answer.status_code == 303
    before = count_rows(desk)
    assert executor.client.post("/snapshots/new", data=fields).location == answer.location
    assert count_rows(desk) == before
    page = executor.client.get(answer.location).text
    assert "£9,500.00" in page and "£512.40" in page and "not in the universe" in page
    assert page.count("class=differs") == 1
    other = executor.client.post("/snapshots/new", data=fields | {"cash": "1"})
    assert other.status_code == 409 and "already sent with other figures" in other.text
    assert executor.client.get("/snapshots/999").status_code == 404


def test_a_bad_snapshot_names_its_lines_and_records_nothing(executor, desk, ticket):
    """Each bad line is one message."""
    before = count_rows(desk)
    form = executor.form_of("/snapshots/new", "/snapshots/new")
    answer = executor.client.post(
        "/snapshots/new", data=form | {"cash": "1.234,50", "positions": "ALDR 6,25\nBRCH 1\nBRCH 2"}
    )
    assert answer.status_code == 422
    assert all(text in answer.text for text in ("Cash has a comma", "Line 1 (ALDR 6,25)", "Line 3 (BRCH 2)"))
    assert count_rows(desk) == before


def test_cash_is_booked_by_operators_only(executor, operator, desk, ticket):
    """An executor is refused; a fee enters the ledger with its minus, once."""
    assert executor.client.get("/cash/new").status_code == 403
    deposit(desk, "10000.00")
    form = operator.form_of("/cash/new", "/cash/new") | {
        "kind": "fee",
        "amount": "5.00",
        "notes": "withdrawal fee",
    }
    refused = executor.client.post(
        "/cash/new", data=form | {"csrf_token": executor.line_form(ticket, 1)["csrf_token"]}
    )
    assert refused.status_code == 403
    for _ in range(2):
        assert operator.client.post("/cash/new", data=form).status_code == 303
    assert operator.client.post("/cash/new", data=form | {"amount": "6.00"}).status_code == 409
    booked = select(
        desk, "select kind, amount_gbp::text, person from desk.ledger_cash_movements where kind = 'fee'"
    )
    assert [tuple(row.values()) for row in booked] == [("fee", "-5.00", "operator")]


def test_anybody_halts_and_only_an_operator_releases(executor, operator, desk, ticket):
    """
    A release also needs a reason and a snapshot taken after the halt; the database's refusal is readable.
    """
    form = executor.form_of("/halt", "/halt/engage")
    for _ in range(2):
        assert (
            executor.client.post("/halt/engage", data=form | {"reason": "Prices look wrong"}).status_code
            == 303
        )
    assert len(select(desk, "select 1 from desk.halts")) == 2, "who presses again is written down"
    assert "Only the operator can release" in executor.client.get("/halt").text
    assert executor.client.post("/halt/release", data=form | {"reason": "fine"}).status_code == 403

    release = operator.form_of("/halt", "/halt/release") | {"reason": "Bars were reloaded"}
    early = operator.client.post("/halt/release", data=release)
    assert early.status_code == 409 and "first record a snapshot" in early.text
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT)
    deposit(desk, "10000.00")
    snapshot = operator.form_of("/snapshots/new", "/snapshots/new") | {"cash": "10000", "no_positions": "yes"}
    assert operator.client.post("/snapshots/new", data=snapshot).status_code == 303
    assert operator.client.post("/halt/release", data=release).status_code == 303
    again = operator.client.post("/halt/release", data=release)
    assert again.status_code == 409 and "not halted" in again.text
    actions = [
        row["action"]
        for row in select(desk, "select action from desk.audit_log where subject = 'halt' order by seq")
    ]
    assert actions == ["halt_engaged", "halt_engaged", "halt_released"]


def test_health_tells_a_monitor_what_it_needs(desk, app, ticket):
    """Reachable, the desk's time and the halt; without its database 503 and no detail."""
    answer = app.test_client().get("/health")
    assert answer.status_code == 200
    assert answer.json["database"] == "reachable" and answer.json["is_halted"] is False
    assert answer.json["now_at"] == "2026-06-15T14:05:00+00:00"
    lost = Visitor(create_app(dataclasses.replace(desk, db_port=free_port())).test_client())
    answer = lost.client.get("/health")
    assert answer.status_code == 503
    assert answer.json["database"] == "unreachable"
    form = lost.form_of("/sign-in", "/sign-in")
    answer = lost.client.post("/sign-in", data=form | {"person": "executor", "password": "x"})
    assert answer.status_code == 503
    assert "cannot reach its database" in answer.text
