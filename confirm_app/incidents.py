"""What is open at the desk: anybody signed in takes it in hand, an operator closes it."""

from collections.abc import Callable

import psycopg
from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from confirm_app.database import reading, write_once
from confirm_app.forms.figures import FigureError, parse_text
from confirm_app.people.access import require_operator
from trading_ops.comms.incident_codes import find_code
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.db.connect import queries

incidents = Blueprint("incidents", __name__)
_REASON_LENGTH_MAX = 500


@incidents.get("/incidents")
def show():
    """Every open incident, the oldest first."""
    return _page()


@incidents.post("/incidents/<int(max=9223372036854775807):incident_id>/acknowledge")
def acknowledge(incident_id: int):
    """Say that one has an incident in hand."""
    return _note(
        lambda connection: queries.incidents.acknowledge_incident(
            connection, incident_id=incident_id, person=g.person["person_id"]
        ),
        "It is in hand with you.",
    )


@incidents.post("/incidents/<int(max=9223372036854775807):incident_id>/close")
def close(incident_id: int):
    """Close an incident, with a reason."""
    require_operator()
    try:
        text = request.form.get("reason", "")
        reason = parse_text(text, length_max=_REASON_LENGTH_MAX, is_required=True)
    except FigureError as error:
        return _page(f"The reason {error}", 422)
    return _note(
        lambda connection: queries.incidents.close_incident(
            connection, incident_id=incident_id, person=g.person["person_id"], reason=reason
        ),
        "Closed.",
    )


def _note(work: Callable[[psycopg.Connection], bool], done: str):
    try:
        is_news = write_once(work)
    except psycopg.errors.CheckViolation as refusal:
        return _page(f"Not done: {refusal.diag.message_primary}.", 409)
    # A form sent twice, or somebody was faster.
    flash(done if is_news else "Nothing was left to do: somebody has it in hand, or it is over.")
    return redirect(url_for("incidents.show"), code=303)


def _page(message: str = "", status: int = 200):
    found = [
        row | {"known": find_code(row["code"]), "to_do": what_to_do(row["code"])}
        for row in queries.incidents.still_open(reading())
    ]
    return render_template("incidents.html", incidents=found, message=message), status
