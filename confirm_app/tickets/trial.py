"""
The test ticket: the page of a ticket with one made-up line, whose form is recorded outside every book.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from confirm_app.database import desk_now, desk_settings, reading, write_once
from confirm_app.forms.fields import FieldError
from confirm_app.tickets.confirmation_form import FILL_ROWS_MAX, parse_confirmation
from confirm_app.tickets.plausibility import doubt_confirmation
from confirm_app.tickets.view import LineForm, LineView, TicketView, fresh_form, phase_of
from trading_ops.db.connect import queries
from trading_ops.tickets.trial import FIGURES, LINE, WINDOW

trial = Blueprint("trial", __name__)


@trial.get("/test/<ticket_id>")
def show(ticket_id: str):
    """A test ticket with the form of its line, or what recording it has shown."""
    return _page(_view(ticket_id))


@trial.post("/test/<ticket_id>/lines/<int:line_number>")
def record(ticket_id: str, line_number: int):
    """Record the line, or show its form again with everything that is wrong."""
    view = _view(ticket_id)
    if line_number != LINE.line_number:
        abort(404, "This test ticket has no such line. Nothing was recorded.")
    values = request.form.to_dict()
    if values.get("intent") == "more_fills":
        rows = min(LineForm(values).rows + 1, FILL_ROWS_MAX)
        return _page(view, LineForm(values | {"fill_rows": str(rows)}))
    confirmation, errors = parse_confirmation(values)
    if confirmation:
        errors = doubt_confirmation(confirmation, LINE, view.ticket, view.desk["now_at"])
        if confirmation.status != "DONE":
            errors = (*errors, FieldError("outcome", f"The test asks for Done, with {FIGURES}"))
    form = LineForm(values, errors)
    if form.open_errors:
        return _page(view, form, 422)
    sent = confirmation.request(ticket_id, line_number, g.person["person_id"], form.waived)
    write_once(lambda connection: queries.page.record_test_confirmation(connection, request=sent))
    flash("The test ticket is recorded")
    return redirect(url_for("trial.show", ticket_id=ticket_id), code=303)


def _page(view: TicketView, form: LineForm | None = None, status: int = 200):
    if form:
        view = replace(view, lines=(replace(view.lines[0], form=form),))
    return render_template("ticket.html", view=view), status


def _view(ticket_id: str) -> TicketView:
    found = None
    if "\0" not in ticket_id:
        found = queries.page.test_ticket(
            reading(), test_ticket_id=ticket_id, portfolio_id=desk_settings().portfolio_id
        )
    if found is None:
        abort(404, "There is no such test ticket. Follow the link of the newest mail.")
    desk = desk_now()
    # Whoever reads the time from a clock without seconds is not told that it was before.
    opens_at = found["created_at"] - timedelta(hours=1)
    closes_at = opens_at + WINDOW
    ticket = {
        "ticket_id": ticket_id, "run_id": "none", "kind": "TRADE", "plan_week": "TEST", "as_of_date": "no day",
        "issued_at": opens_at, "window_open_at": opens_at, "window_close_at": closes_at, "deadline_at": closes_at,
        "newer_ticket_id": None, "odd_in_body": None, "content_sha256": "0" * 64,
    }  # fmt: skip
    versions = (_recorded(found),) if found["request"] else ()
    # No figure of a test is ever corrected: what was recorded is shown, without a form.
    line = LineView(LINE, versions, fresh_form(ticket, ()), is_open=not versions)
    return TicketView(ticket, desk, phase_of(ticket, desk["now_at"]), (line,), is_test=True)


def _recorded(found: Mapping) -> Mapping:
    confirmation = found["request"]
    return {
        "status": confirmation["status"], "notes": confirmation["notes"], "amendment_reason": "",
        "person": found["person"], "recorded_at": found["confirmed_at"], "fills": [_fill(fill) for fill in confirmation["fills"]],
    }  # fmt: skip


def _fill(sent: Mapping[str, str]) -> Mapping:
    figures = {name: Decimal(sent[name]) for name in ("units", "price_usd", "value_gbp", "fee_gbp")}
    return {**figures, "executed_at": datetime.fromisoformat(sent["executed_at"])}
