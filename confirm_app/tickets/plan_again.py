"""Planning a week again: an operator asks on the page of its NO-TRADE, the watcher starts it in Airflow."""

import psycopg
from flask import Blueprint, abort, flash, g, redirect, url_for

from confirm_app.database import write_once
from confirm_app.people.access import require_operator
from confirm_app.tickets.pages import find_ticket
from trading_ops.db.connect import queries

plan_again = Blueprint("plan_again", __name__)


@plan_again.post("/confirm/<ticket_id>/plan-again")
def ask(ticket_id: str):
    """Ask for another plan of the week of this ticket, if the database lets it."""
    require_operator()
    find_ticket(ticket_id)
    try:
        is_news = write_once(
            lambda connection: queries.page.request_plan(
                connection, ticket_id=ticket_id, person=g.person["person_id"]
            )
        )
    except psycopg.errors.CheckViolation as refusal:
        abort(409, f"Not planned again: {refusal.diag.message_primary}.")
    flash("Asked for." if is_news else "Somebody has asked for it already.")
    return redirect(url_for("tickets.show", ticket_id=ticket_id), code=303)
