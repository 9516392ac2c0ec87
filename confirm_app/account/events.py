"""What happened to the account beside ticket lines: trades, dividends, corporate events. For operators."""

import psycopg
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from psycopg.types.json import Jsonb

from confirm_app.account.cash_form import parse_reversal
from confirm_app.account.event_form import FIELDS, KINDS, parse_event
from confirm_app.account.plausibility import doubt_event
from confirm_app.account.record import (
    NotRecorded,
    fresh_values,
    is_recorded,
    ledger_at,
    prefilled,
    record_once,
    symbol_of,
)
from confirm_app.database import desk_settings, reading, write_once
from confirm_app.forms.posted import PostedForm
from confirm_app.one_time_key import new_key
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries

events = Blueprint("events", __name__)
events.before_request(require_operator)


@events.get("/events/new")
def new():
    """A form, its time set to now, with what the address fills in."""
    return _form_page(_fresh_form())


@events.post("/events/new")
def record():
    """Book an event, or show the form again with everything that is wrong."""
    values, now_at = request.form.to_dict(), queries.clock.now_at(reading())
    ledger = ledger_at(now_at)
    event, errors = parse_event(values, now_at, symbol_of(ledger))
    if event and not is_recorded(event.idempotency_key):
        errors = doubt_event(event, ledger, now_at)
    form = PostedForm(values, errors)
    if form.open_errors:
        return _form_page(form, 422)
    try:
        sent = event.request(desk_settings().portfolio_id, g.person["person_id"], form.waived)
        record_once(
            lambda connection: queries.ledger.record_event(connection, request=sent),
            form,
            field="kind",
            send_again="only to book a second event",
        )
    except NotRecorded as refused:
        return _form_page(refused.form, refused.status)
    flash(f"Booked: {KINDS[event.kind][0]}")
    return redirect(url_for("events.new"), code=303)


@events.post("/events/<int:event_id>/approve")
def approve(event_id: int):
    """Stand for an event that another operator booked; it counts from now on."""
    _decide(queries.ledger.approve_event, {"event_id": event_id}, "Not approved")
    flash("Approved: it counts.")
    return redirect(url_for("events.new"), code=303)


@events.post("/events/<int:event_id>/reverse")
def reverse(event_id: int):
    """Take an event back that was booked by mistake; the true one is booked anew."""
    values = request.form.to_dict()
    reversal, errors = parse_reversal(values)
    if errors:
        return _form_page(_fresh_form(), 422, {event_id: PostedForm(values, errors)})
    sent = {"event_id": event_id, "notes": reversal.notes, "idempotency_key": reversal.idempotency_key}
    _decide(queries.ledger.reverse_event, sent, "Not taken back")
    flash("Recorded. Book the true event if there was one.")
    return redirect(url_for("events.new"), code=303)


def _decide(write, sent: dict, refused: str) -> None:
    body = sent | {"portfolio_id": desk_settings().portfolio_id, "person": g.person["person_id"]}
    try:
        write_once(lambda connection: write(connection, request=Jsonb(body)))
    except (psycopg.IntegrityError, psycopg.DataError) as refusal:
        abort(409, f"{refused}: {refusal.diag.message_primary}.")


def _fresh_form() -> PostedForm:
    return PostedForm(fresh_values(queries.clock.now_at(reading())) | prefilled(FIELDS))


def _form_page(form: PostedForm, status: int = 200, reversals: dict[int, PostedForm] | None = None):
    recent: dict[int, list] = {}
    for leg in queries.page.recent_events(reading(), portfolio_id=desk_settings().portfolio_id):
        recent.setdefault(leg["event_id"], []).append(leg)
    fresh = {event_id: PostedForm({"key": new_key()}) for event_id in recent}
    return render_template(
        "event_form.html", form=form, kinds=KINDS, events=recent, reversals=fresh | (reversals or {})
    ), status
