"""The halt: anybody signed in may stop the desk at once; only an operator may start it again."""

import psycopg
from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.database import desk_settings, reading, write_once
from confirm_app.forms.figures import FigureError, parse_text
from confirm_app.people.access import require_operator
from trading_ops.db.connect import queries
from trading_ops.ops import halt as kill_switch

halt = Blueprint("halt", __name__)
_REASON_LENGTH_MAX = 500


@halt.get("/halt")
def show():
    """Whether the desk is halted, and the form to change that."""
    return _page()


@halt.post("/halt/engage")
def engage():
    """Halt the desk; halting a halted desk changes nothing."""
    return _change(
        kill_switch.engage, "The desk is halted. No TRADE ticket can be issued and no order is shown."
    )


@halt.post("/halt/release")
def release():
    """End the halt, if the database lets it."""
    require_operator()
    return _change(kill_switch.release, "The halt is over.")


def _change(work, done: str):
    try:
        reason = parse_text(request.form.get("reason", ""), length_max=_REASON_LENGTH_MAX, is_required=True)
    except FigureError as error:
        return _page(f"The reason {error}", 422)
    try:
        write_once(lambda connection: work(connection, reason, g.person["person_id"]))
    except psycopg.errors.CheckViolation as refusal:
        return _page(_explain(refusal), 409)
    flash(done)
    return redirect(url_for("halt.show"), code=303)


def _explain(refusal: psycopg.Error) -> str:
    if refusal.diag.constraint_name == "reconcile_before_release":
        return (
            "Not released: first record a snapshot of what eToro shows, taken after the halt. Then release."
        )
    return f"Not released: {refusal.diag.message_primary}."


def _page(message: str = "", status: int = 200):
    desk = queries.page.desk(reading(), portfolio_id=desk_settings().portfolio_id)
    halts = list(queries.page.recent_halts(reading()))
    return render_template("halt.html", desk=desk, halts=halts, message=message), status
