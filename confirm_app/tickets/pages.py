"""The tickets: a list, and the page of one ticket. Reading only; what is sent goes to confirmations."""

from contextlib import suppress

from flask import Blueprint, abort, g, render_template

from confirm_app.database import desk_now, desk_settings, reading
from confirm_app.tickets.view import LineForm, TicketView, phase_of, replan_of, view_ticket
from trading_ops.db.connect import queries
from trading_ops.exchange.sessions import CalendarError
from trading_ops.tickets.owed import open_at
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.reasons import stored_reasons
from trading_ops.watch.missing import missing_ticket
from trading_ops.wording.qr import qr_svg

tickets = Blueprint("tickets", __name__)


@tickets.get("/")
def index():
    """The newest ticket and the ones before it."""
    config = desk_settings()
    portfolio_id = config.portfolio_id
    now_at = desk_now()["now_at"]
    found = list(queries.page.recent_tickets(reading(), portfolio_id=portfolio_id))
    for ticket in found:
        ticket["phase"] = phase_of(ticket, now_at)
        ticket["reasons"] = stored_reasons(ticket["reasons"])
    missing = None
    # Beyond the last day the calendar knows nobody can say what is due.
    with suppress(CalendarError):
        missing = missing_ticket(reading(), config, now_at)
    owed = read_owed(reading(), portfolio_id)
    if found:
        owed += replan_of(queries.page.ticket(reading(), ticket_id=found[0]["ticket_id"]), now_at)
    open_now = open_at(owed, now_at)
    # What answers on this machine alone is no address for a phone.
    address = config.confirm_url if g.person["role"] == "operator" else ""
    return render_template(
        "index.html", tickets=found, missing=missing, owed=owed, open_now=open_now,
        incidents=list(queries.incidents.still_open(reading())), address=address,
        code=qr_svg(address) if address else None,
    )  # fmt: skip


@tickets.get("/confirm/<ticket_id>")
def show(ticket_id: str):
    """One ticket with its lines, forms and what is recorded."""
    return ticket_page(ticket_id)


def ticket_page(ticket_id: str, posted: tuple[int, LineForm] | None = None, status: int = 200):
    """Answer with the page of a ticket, showing a submission again when it was not recorded."""
    return render_template("ticket.html", view=find_ticket(ticket_id, posted)), status


def find_ticket(ticket_id: str, posted: tuple[int, LineForm] | None = None) -> TicketView:
    """Return the view of a ticket of this desk; of any other, and of none, nothing is told."""
    view = view_ticket(reading(), ticket_id, posted)
    if view is None:
        abort(
            404,
            "There is no such ticket. Follow the link of the newest mail, or start from the list of tickets.",
        )
    return view
