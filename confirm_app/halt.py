"""What stops the desk: anybody signed in may halt it at once; only an operator may let it go on."""

import psycopg
from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.database import desk_settings, reading, write_once
from confirm_app.forms.figures import FigureError, parse_text
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries
from trading_ops.ops import drawdown
from trading_ops.ops import halt as kill_switch

halt = Blueprint("halt", __name__)
_REASON_LENGTH_MAX = 500
_DONE = {
    (kill_switch.engage, None): "The desk is halted. No TRADE ticket can be issued and no order is shown.",
    (kill_switch.release, True): "The halt is over.",
    (kill_switch.release, False): "Approved. The policy asks for another operator to release it too.",
    (drawdown.review, True): "Reviewed. The peak is counted anew from that session; plan the week again.",
    (drawdown.review, False): "Approved. The policy asks for another operator to review it too.",
}


@halt.get("/halt")
def show():
    """Whether the desk is halted, and the form to change that."""
    return _page()


@halt.post("/halt/engage")
def engage():
    """Halt the desk, with a reason or without; on a halted desk it adds who says so and why."""
    return _change(kill_switch.engage, is_required=False)


@halt.post("/halt/release")
def release():
    """End the halt, if the database lets it."""
    require_operator()
    return _change(kill_switch.release, is_required=True)


@halt.post("/halt/review")
def review():
    """Review the drawdown that stops the desk, if the database lets it."""
    require_operator()
    return _change(drawdown.review, is_required=True, subject=(desk_settings().portfolio_id,))


def _change(work, is_required: bool, subject: tuple[str, ...] = ()):
    try:
        text = request.form.get("reason", "")
        reason = parse_text(text, length_max=_REASON_LENGTH_MAX, is_required=is_required)
    except FigureError as error:
        return _page(f"The reason {error}", 422)
    try:
        is_over = write_once(lambda connection: work(connection, *subject, reason, g.person["person_id"]))
    except psycopg.errors.CheckViolation as refusal:
        return _page(_explain(refusal), 409)
    flash(_DONE[work, is_over])
    return redirect(url_for("halt.show"), code=303)


def _explain(refusal: psycopg.Error) -> str:
    if refusal.diag.constraint_name == "reconcile_before_release":
        return (
            "Not released: first record a snapshot of what eToro shows, taken after the halt, with which the "
            f"books agree. Then release. ({refusal.diag.message_primary})"
        )
    not_done = "reviewed" if request.endpoint == "halt.review" else "released"
    return f"Not {not_done}: {refusal.diag.message_primary}."


def _page(message: str = "", status: int = 200):
    fallen = queries.page.drawdown_to_review(reading(), portfolio_id=desk_settings().portfolio_id)
    halts = list(queries.page.recent_halts(reading()))
    return render_template("halt.html", fallen=fallen, halts=halts, message=message), status
