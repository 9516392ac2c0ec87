"""Snapshots, cash, halt and health."""

import dataclasses

from confirm_app import create_app
from tests.confirm_app.conftest import Visitor, doubts_of, texts
from tests.confirm_app.desk_rows import count_rows, deposit, select
from tests.conftest import free_port
from tests.database import rows
from trading_ops.simulation.forms import read_page


def test_a_snapshot_is_recorded_once_and_shown_beside_the_ledger(executor, desk, ticket):
    """What differs is said in words, an unknown name is named, and sending it twice counts once."""
    executor.confirm(ticket, 1)
    fields = executor.snapshot_fields("£9,500.00", {"ALDR": "6.2", "Xyzq & Sons": "1"})
    asked = executor.client.post("/snapshots/new", data=fields)
    assert asked.status_code == 422 and "Xyzq &amp; Sons is no name of the universe" in asked.text
    fields |= doubts_of(asked)
    answer = executor.client.post("/snapshots/new", data=fields)
    assert answer.status_code == 303
    before = count_rows(desk)
    assert executor.client.post("/snapshots/new", data=fields).location == answer.location
    assert count_rows(desk) == before
    page = " ".join(texts(executor.client.get(answer.location).text, r"<main>.*</main>")[0].split())
    assert "will block the next plan: cash, ALDR and Xyzq &amp; Sons do not agree." in page
    # The purchase was booked, the deposit before it was not.
    assert "Cash eToro £9,500.00 Books -£500.00 Difference +£10,000.00 differs" in page
    assert (
        "ALDR Alder Instruments eToro 6.2 Books 6.25 Difference -0.05 differs: eToro shows 0.05 less" in page
    )
    assert "Xyzq &amp; Sons eToro 1 Books 0 Difference +1 not in the universe" in page
    other = executor.client.post("/snapshots/new", data=fields | {"cash": "1"})
    assert other.status_code == 409 and "already sent with other figures" in other.text
    assert executor.client.get("/snapshots/999").status_code == 404


def test_a_bad_snapshot_names_its_rows_and_records_nothing(executor, desk, ticket):
    """Each bad field is one message, and nothing typed is lost."""
    before = count_rows(desk)
    answer = executor.record_snapshot("1.234,50", {"ALDR": "6,25", "BRCH": "1", "Birch  energy": "2"})
    assert answer.status_code == 422
    said = ("Cash has a comma", "units of ALDR has a comma", "Birch energy stands in two rows")
    assert all(text in answer.text for text in said)
    assert all(f'value="{typed}"' in answer.text for typed in ("1.234,50", "6,25", "Birch  energy"))
    assert count_rows(desk) == before


def test_more_rows_and_a_pasted_table_keep_what_was_typed_and_record_nothing(executor, desk, ticket):
    """Both show the form again; a table still in its box is read first, also when it was to be recorded."""
    executor.confirm(ticket, 1)
    before = count_rows(desk)
    form = executor.snapshot_fields("9,500.00", {"Birch energy": "3"})
    more = executor.client.post("/snapshots/new", data=form | {"intent": "more_rows"})
    page = read_page(more.text).forms[-1].fields
    assert more.status_code == 200 and int(page["rows"]) == int(form["rows"]) + 3
    assert (page["cash"], page["row-2-name"], page["row-2-units"]) == ("9,500.00", "Birch energy", "3")
    table = "Asset\tUnits\tValue\nAlder  Instruments\t6.25\t£500.00\nCedar Foods\t1\t2\t3\nCash\t£9,500.00"
    for intent, status in (("read_paste", 422), ("record", 422)):
        read = executor.client.post("/snapshots/new", data=form | {"intent": intent, "paste": table})
        page = read_page(read.text).forms[-1].fields
        assert read.status_code == status and page["row-1-units"] == "6.25"
        assert page["paste"].strip() == "Cedar Foods\t1\t2\t3" and "which of 1 and 2 and 3" in read.text
        assert "Left out, it has no units: Cash\t£9,500.00" in read.text
    good = executor.client.post(
        "/snapshots/new", data=form | {"intent": "record", "paste": "ALDR 6.25 units"}
    )
    page = read_page(good.text).forms[-1].fields
    assert good.status_code == 200 and page["row-1-units"] == "6.25" and not page["paste"].strip()
    assert count_rows(desk) == before
    recorded = executor.client.post("/snapshots/new", data=form | {"row-1-units": "6.25"})
    asked = executor.client.post("/snapshots/new", data=form | {"row-1-units": "6.25"} | doubts_of(recorded))
    assert asked.status_code == 303
    names = select(desk, "select broker_symbol from desk.broker_snapshot_positions order by 1")
    assert [row["broker_symbol"] for row in names] == ["ALDR", "BRCH"]


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
    assert operator.record_snapshot("10000", {}, no_positions="yes").status_code == 303
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
