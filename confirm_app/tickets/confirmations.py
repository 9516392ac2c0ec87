"""
Recording how a line ended.

The confirmation, its fills, the reversal of what it corrects and the audit row commit together or
not at all; the same form sent twice counts once.
"""

import psycopg
from flask import Blueprint, abort, flash, g, redirect, request, url_for

from confirm_app.database import reading, write_once
from confirm_app.forms.fields import FieldError
from confirm_app.one_time_key import new_key
from confirm_app.tickets.confirmation_form import FILL_ROWS_MAX, Confirmation, parse_confirmation
from confirm_app.tickets.pages import ticket_page
from confirm_app.tickets.plausibility import doubt_confirmation
from confirm_app.tickets.view import LineForm, view_ticket
from trading_ops.db.connect import queries
from trading_ops.wording.figures import gbp, units

confirmations = Blueprint("confirmations", __name__)


@confirmations.post("/confirm/<ticket_id>/lines/<int:line_number>")
def record(ticket_id: str, line_number: int):
    """Record a line, or show its form again with everything that is wrong."""
    view = view_ticket(reading(), ticket_id)
    line = (
        next((line for line in view.lines if line.order.line_number == line_number), None) if view else None
    )
    if line is None:
        abort(404, "This ticket has no such line. Nothing was recorded.")
    values = request.form.to_dict()
    if values.get("intent") == "more_fills":
        rows = LineForm(values).rows + 1
        values |= {
            "fill_rows": str(min(rows, FILL_ROWS_MAX)),
            f"fill-{rows}-date": values.get("fill-1-date", ""),
        }
        return ticket_page(ticket_id, (line_number, LineForm(values)))

    confirmation, errors = parse_confirmation(values)
    if confirmation:
        errors = doubt_confirmation(confirmation, line.order, view.ticket, view.desk["now_at"])
    form = LineForm(values, errors)
    if form.open_errors:
        return ticket_page(ticket_id, (line_number, form), 422)
    try:
        sent = confirmation.request(ticket_id, line_number, g.person["person_id"], form.waived)
        write_once(lambda connection: queries.page.record_confirmation(connection, request=sent))
    except psycopg.errors.UniqueViolation as refusal:
        return _answer_conflict(ticket_id, line_number, form, refusal)
    except (psycopg.IntegrityError, psycopg.DataError) as refusal:
        return ticket_page(ticket_id, (line_number, form.refused(_explain(refusal))), 422)

    flash(f"Line {line_number} {line.order.internal_symbol} recorded: {_in_words(confirmation)}")
    waiting = [other.order.line_number for other in view.lines if not other.recorded]
    following = [number for number in waiting if number > line_number] + [
        n for n in waiting if n < line_number
    ]
    anchor = f"line-{following[0]}" if following and not line.recorded else "top"
    return redirect(url_for("tickets.show", ticket_id=ticket_id, _anchor=anchor), code=303)


def _answer_conflict(ticket_id: str, line_number: int, form: LineForm, refusal: psycopg.Error):
    # The typed figures stay in the form, now as a correction of what is recorded, under a new key.
    line = next(
        line for line in view_ticket(reading(), ticket_id).lines if line.order.line_number == line_number
    )
    fields = {"key": new_key(), "seen_version": str(len(line.versions))}
    if refusal.diag.constraint_name == "seen_version_is_newest":
        message = (
            "This line was recorded meanwhile, see above. Your figures were not recorded: "
            "if they are the true ones, send them as a correction."
        )
    else:
        message = (
            "This form was already sent with other figures; the first ones count, see above. "
            "To correct them, give a reason and send again."
        )
    return ticket_page(ticket_id, (line_number, form.refused(FieldError("outcome", message), **fields)), 409)


def _explain(refusal: psycopg.Error) -> FieldError:
    if refusal.diag.constraint_name == "sold_at_most_held":
        return FieldError(
            "fill-1-units",
            "More units sold than the ledger holds: check the units, or whether an earlier line is missing",
        )
    return FieldError("outcome", f"Not recorded: {refusal.diag.message_primary or 'the database refused it'}")


def _in_words(confirmation: Confirmation) -> str:
    if not confirmation.fills:
        return confirmation.status
    total_units = sum(fill.units for fill in confirmation.fills)
    total_gbp = sum(fill.value_gbp for fill in confirmation.fills)
    return f"{confirmation.status}, {units(total_units)} units for {gbp(total_gbp)}"
