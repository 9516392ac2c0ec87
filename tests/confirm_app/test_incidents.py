"""What is open at the desk, on the page: seen at home, taken in hand by anybody, closed by an operator."""

from html import unescape

from tests.confirm_app import desk_rows
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.comms.incidents import record_incident
from trading_ops.db.connect import connect


def record(desk, code: str, detail: str) -> None:
    """Record an incident."""
    with connect("desk_planner", desk) as connection:
        record_incident(connection, code, f"{code}:{detail}", detail)


def test_an_incident_is_taken_in_hand_and_closed_on_the_page(desk, executor, operator):
    """The executor looks after it, the operator closes it with a reason; menu and home lead there."""
    home = executor.client.get("/").text
    assert "open incident" not in home and '<a href="/incidents">Incidents</a>' in home
    record(desk, "TICKET_REFUSED", "<b>desk_not_halted</b>")
    assert "1 open incident</strong></a>:\nTICKET_REFUSED" in executor.client.get("/").text
    page = executor.client.get("/incidents").text
    assert "Postgres refused a TRADE ticket" in page and "&lt;b&gt;desk_not_halted" in page
    assert f"What to do:</strong> {what_to_do('TICKET_REFUSED')}" in unescape(page)
    assert "/close" not in page
    form = executor.form_of("/incidents", "/incidents/1/acknowledge")
    assert executor.client.post("/incidents/1/close", data=form | {"reason": "fine"}).status_code == 403
    for said in ("It is in hand with you.", "Nothing was left to do"):
        sent = executor.client.post("/incidents/1/acknowledge", data=form, follow_redirects=True)
        assert said in sent.text
    assert "In hand with <strong>executor</strong>" in sent.text
    form = operator.form_of("/incidents", "/incidents/1/close")
    assert operator.client.post("/incidents/1/close", data=form | {"reason": " "}).status_code == 422
    closed = operator.client.post(
        "/incidents/1/close", data=form | {"reason": "understood"}, follow_redirects=True
    )
    assert "Closed." in closed.text and "None. What goes wrong is here" in closed.text
    assert desk_rows.select(
        desk, "select person, reason from desk.incident_events where kind = 'closed'"
    ) == [{"person": "operator", "reason": "understood"}]


def test_a_halt_pressed_on_the_page_is_open_until_its_release(desk, operator):
    """There is no button that closes it, and a form without one is refused."""
    form = operator.form_of("/halt", "/halt/engage")
    operator.client.post("/halt/engage", data=form | {"reason": "odd prices"})
    page = operator.client.get("/incidents").text
    assert "operator halted the desk: odd prices" in page and "/close" not in page
    form = operator.form_of("/incidents", "/incidents/1/acknowledge")
    assert operator.client.post("/incidents/1/close", data=form | {"reason": "so"}).status_code == 409
