"""Money that moved without a trade: deposits, withdrawals, dividends, fees, interest. For operators."""

import psycopg
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from confirm_app.account.cash_form import MOVEMENTS, parse_cash_movement, parse_reversal
from confirm_app.account.plausibility import doubt_cash_movement
from confirm_app.account.record import (
    NotRecorded,
    fresh_values,
    is_recorded,
    ledger_at,
    prefilled,
    record_once,
)
from confirm_app.database import desk_settings, reading, write_once
from confirm_app.forms.posted import PostedForm
from confirm_app.one_time_key import new_key
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries
from trading_ops.wording.figures import gbp

cash = Blueprint("cash", __name__)
cash.before_request(require_operator)


@cash.get("/cash/new")
def new():
    """An empty cash form, its time set to now."""
    return _form_page(_fresh_form())


@cash.post("/cash/new")
def record():
    """Book a cash movement, or show the form again with everything that is wrong."""
    values, now_at = request.form.to_dict(), queries.clock.now_at(reading())
    movement, errors = parse_cash_movement(values, now_at)
    if movement and not is_recorded(movement.idempotency_key):
        errors = doubt_cash_movement(movement, ledger_at(now_at), now_at)
    form = PostedForm(values, errors)
    if form.open_errors:
        return _form_page(form, 422)
    try:
        sent = movement.request(desk_settings().portfolio_id, g.person["person_id"], form.waived)
        record_once(
            lambda connection: queries.ledger.record_cash_movement(connection, request=sent),
            form,
            field="amount",
            send_again="only to book a second movement",
        )
    except NotRecorded as refused:
        return _form_page(refused.form, refused.status)
    flash(f"Booked: {movement.kind} {gbp(movement.amount_gbp)}")
    return redirect(url_for("cash.new"), code=303)


@cash.post("/cash/<int:movement_id>/reverse")
def reverse(movement_id: int):
    """Take a movement back that was booked by mistake; the true one is booked anew."""
    values = request.form.to_dict()
    reversal, errors = parse_reversal(values)
    if errors:
        return _form_page(_fresh_form(), 422, {movement_id: PostedForm(values, errors)})
    sent = reversal.request(desk_settings().portfolio_id, movement_id, g.person["person_id"])
    try:
        write_once(lambda connection: queries.ledger.reverse_cash_movement(connection, request=sent))
    except psycopg.errors.UniqueViolation:
        abort(409, "This form was already sent with another reason, and the first one is recorded.")
    except (psycopg.IntegrityError, psycopg.DataError) as refusal:
        abort(409, f"Not taken back: {refusal.diag.message_primary}.")
    flash("Taken back. Book the true movement if there was one.")
    return redirect(url_for("cash.new"), code=303)


def _fresh_form() -> PostedForm:
    return PostedForm(fresh_values(queries.clock.now_at(reading())) | prefilled(("kind", "amount", "notes")))


def _form_page(form: PostedForm, status: int = 200, reversals: dict[int, PostedForm] | None = None):
    portfolio_id = desk_settings().portfolio_id
    recent = list(queries.page.recent_cash_movements(reading(), portfolio_id=portfolio_id))
    fresh = {movement["movement_id"]: PostedForm({"key": new_key()}) for movement in recent}
    return render_template(
        "cash_form.html",
        form=form,
        kinds=list(MOVEMENTS),
        movements=recent,
        reversals=fresh | (reversals or {}),
    ), status
