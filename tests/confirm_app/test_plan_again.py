"""An operator has a week planned again from the page of its NO-TRADE."""

import dataclasses
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from tests.confirm_app import desk_rows
from tests.confirm_app.test_owed_pages import blocked, page_of
from tests.conftest import free_port
from tests.database import rows
from trading_ops.db.connect import connect, queries
from trading_ops_stack import airflow_api
from trading_ops_stack.watcher import start_requested

WEEK = timedelta(days=7)


@pytest.fixture
def answering(monkeypatch):
    """An Airflow that lets the watcher sign in and refuses to start anything."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            is_sign_in = self.path == "/auth/token"
            if not is_sign_in:
                server.asked.append(self.path)
            self.send_response(201 if is_sign_in else 400)
            self.end_headers()
            self.wfile.write(b'{"access_token": "t"}' if is_sign_in else b"that session is not over")

        def log_message(self, *_) -> None:
            """Say nothing."""

    monkeypatch.setattr(airflow_api, "airflow_password", lambda _config, _user: "password")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.asked, server.port = [], server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def request(desk, ticket_id: str | None, person: str | None) -> bool:
    """Ask as the page does."""
    with connect("desk_app", desk) as connection:
        return queries.page.request_plan(connection, ticket_id=ticket_id, person=person)


def requested(desk) -> list[tuple[str, str]]:
    """Return the tickets after which the watcher has a plan to start, each with its session."""
    with connect("desk_planner", desk) as connection:
        found = queries.watch.requested_plans(connection, portfolio_id=rows.PORTFOLIO)
        return [(plan["ticket_id"], plan["as_of_date"].isoformat()) for plan in found]


def test_an_operator_asks_with_a_button_and_sees_what_becomes_of_it(executor, operator, desk, ticket):
    """Asked for, started, and by whom; sent twice it is asked for once, and an executor may not."""
    blocked_id = blocked(desk)
    path, action = f"/confirm/{blocked_id}", f"/confirm/{blocked_id}/plan-again"
    assert "The operator can plan again until the window closes" in page_of(executor, path)
    form = operator.form_of(path, action)
    own = executor.form_of("/halt", "/halt/engage")
    assert executor.client.post(action, data=own).status_code == 403 and requested(desk) == []
    for said in ("Asked for.", "Somebody has asked for it already."):
        assert said in operator.client.post(action, data=form, follow_redirects=True).text
    assert requested(desk) == [(blocked_id, "2026-06-19")]
    assert "operator asked for it" in page_of(executor, path)
    page = page_of(operator, path)
    assert "The plan starts within a minute." in page and "Plan this week again" not in page
    with connect("desk_planner", desk) as connection:
        for is_news in (True, False):
            started = queries.watch.start_plan(connection, ticket_id=blocked_id, dag_run_id="again")
            assert bool(started) == is_news
    assert requested(desk) == []
    assert "The plan was started Sat 20 Jun" in page_of(operator, path)
    assert desk_rows.select(
        desk, "select person, subject from desk.audit_log where action = 'plan_requested'"
    ) == [{"person": "operator", "subject": blocked_id}]


def test_after_the_window_nothing_is_planned_again(operator, desk, ticket):
    """Nor by a page that was open since before."""
    blocked_id = blocked(desk)
    path, action = f"/confirm/{blocked_id}", f"/confirm/{blocked_id}/plan-again"
    form = operator.form_of(path, action)
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT + WEEK)
    assert "plan again" not in page_of(operator, path).lower()
    refused = operator.client.post(action, data=form)
    assert refused.status_code == 409 and "the execution window of its week is over" in refused.text


def test_a_watcher_that_comes_late_starts_nothing(operator, desk, ticket):
    """Asked for in the last minute of the window, and not handed over in it."""
    blocked_id = blocked(desk)
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT + WEEK - timedelta(minutes=1))
    assert request(desk, blocked_id, "operator") and requested(desk)
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT + WEEK)
    assert requested(desk) == []


@pytest.mark.parametrize(
    ("which", "person", "constraint"),
    [
        ("blocked", "executor", "operator_plans_again"),
        ("blocked", "nobody", "operator_plans_again"),
        ("blocked", None, "operator_plans_again"),
        ("trade", "operator", "only_no_trade_is_planned_again"),
        ("unknown", "operator", "only_no_trade_is_planned_again"),
        (None, "operator", "only_no_trade_is_planned_again"),
        ("older", "operator", "newest_is_planned_again"),
        ("under way", "operator", "one_plan_at_a_time"),
    ],
)
def test_postgres_refuses_what_the_page_does_not_offer(desk, ticket, which, person, constraint):
    """Another person, a TRADE, no ticket, a ticket after which another came."""
    named = {"trade": ticket, "unknown": "demo-2020-W01-1", None: None}
    if which in ("blocked", "older", "under way"):
        named[which] = blocked(desk)
    if which in ("older", "under way"):
        rows.set_clock(desk, rows.SATURDAY_AT + WEEK + timedelta(hours=1))
        run_id = rows.add_plan_run(desk, weeks=1, attempt=2)
    if which == "older":
        with connect("desk_planner", desk) as connection:
            rows.insert_ticket(connection, rows.ticket_row(desk, run_id, "NO-TRADE"))
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        request(desk, named[which], person)
    assert refusal.value.diag.constraint_name == constraint


def test_what_was_asked_for_is_not_started_once_another_ticket_is_out(desk, ticket):
    """Airflow was away meanwhile, and a plan that was under way came to its end."""
    blocked_id = blocked(desk)
    assert request(desk, blocked_id, "operator") and requested(desk)
    rows.set_clock(desk, rows.SATURDAY_AT + WEEK + timedelta(hours=1))
    run_id = rows.add_plan_run(desk, weeks=1, attempt=2)
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, run_id, "NO-TRADE"))
    assert requested(desk) == []


def test_airflow_is_asked_while_the_dag_is_on_and_its_refusal_is_told_once(desk, ticket, answering):
    """Paused, a plan would stay queued and begin weeks later; refused, nobody would hear of it."""
    blocked_id = blocked(desk)
    assert request(desk, blocked_id, "operator")
    # While nobody answers the watcher goes on with its round.
    assert start_requested(dataclasses.replace(desk, airflow_port=free_port())) == [] and requested(desk)
    config = dataclasses.replace(desk, airflow_port=answering.port)
    for is_paused in (True, False):
        with connect("desk_planner", desk) as connection:
            queries.watch.switch_dag(connection, dag_id="weekly_plan", is_paused=is_paused)
        said = [start_requested(config) for _ in range(2)]
        assert bool(answering.asked) != is_paused and bool(said[0]) != is_paused and said[1] == []
    with connect("desk_planner", desk) as connection:
        [told] = connection.execute("select dedupe_key, detail from desk.incidents").fetchall()
    assert told["dedupe_key"] == f"RUN_LATE:weekly_plan:again_after_{blocked_id}"
    assert "that session is not over" in told["detail"]
    assert requested(desk)


def test_a_ticket_of_another_book_is_not_planned_again_here(operator, desk, ticket):
    """Its page is not there, so nothing is asked for."""
    blocked_id = blocked(desk)
    form = operator.form_of(f"/confirm/{blocked_id}", f"/confirm/{blocked_id}/plan-again")
    assert operator.client.post("/confirm/other-2026-W25-1/plan-again", data=form).status_code == 404
    assert requested(desk) == []
