"""
A ticket as a person sees it now: which lines may still be executed, what is recorded, what to do next.

Reads in one transaction and decides what the page may show; the templates only lay it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from flask import g

from confirm_app.database import desk_now, desk_settings
from confirm_app.forms.figures import as_typed
from confirm_app.forms.posted import PostedForm
from confirm_app.one_time_key import new_key
from confirm_app.tickets.confirmation_form import fill_rows
from trading_ops.db.connect import queries
from trading_ops.tickets.build import TicketLine
from trading_ops.tickets.executed import Executed, ExecutedLine
from trading_ops.tickets.executed_now import read_versions
from trading_ops.tickets.owed import Clearing, Owed, clearing, open_at, replan
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.reasons import Reason, stored_reasons
from trading_ops.tickets.targets import ExplainedTarget, explain
from trading_ops.universe.switches import disabled_symbols
from trading_ops.wording.instants import on_clock


class LineForm(PostedForm):
    """The form of one line."""

    @property
    def rows(self) -> int:
        """How many fill rows the form shows."""
        return fill_rows(self.values)


@dataclass(frozen=True)
class LineView:
    """One ticket line, its recorded versions, newest first, and why its symbol was switched off since."""

    order: TicketLine
    versions: tuple[Mapping, ...]
    form: LineForm
    is_open: bool
    switched_off: str | None = None

    @property
    def recorded(self) -> Mapping | None:
        """The version that counts."""
        return self.versions[0] if self.versions else None


@dataclass(frozen=True)
class TicketView:
    """A ticket, its lines, and where now lies in its week: early, open, closed or overdue."""

    ticket: Mapping
    desk: Mapping
    phase: str
    lines: tuple[LineView, ...] = ()
    reasons: tuple[Reason, ...] = ()
    targets: tuple[ExplainedTarget, ...] = ()
    owed: tuple[Owed, ...] = ()
    is_test: bool = False

    @property
    def endpoints(self) -> tuple[str, str]:
        """Where this page is shown, and where its lines are recorded."""
        return ("trial.show", "trial.record") if self.is_test else ("tickets.show", "confirmations.record")

    @property
    def shows_orders(self) -> bool:
        """Whether an unrecorded line shows its order: never while halted, expired, superseded or changed."""
        return not (
            self.desk["is_halted"]
            or self.phase in ("closed", "overdue")
            or self.ticket["newer_ticket_id"]
            or self.ticket["odd_in_body"]
        )

    @property
    def recorded_count(self) -> int:
        """How many lines are recorded."""
        return sum(1 for line in self.lines if line.recorded)

    @property
    def executed(self) -> Executed:
        """What the ticket asked for against what is recorded."""
        return Executed(tuple(ExecutedLine(line.order, line.recorded) for line in self.lines))

    @property
    def owed_now(self) -> tuple[Owed, ...]:
        """What people can do now."""
        return open_at(self.owed, self.desk["now_at"])

    def clearing(self, reason: Reason) -> Clearing | None:
        """How far people are with a reason that an act of theirs on this page clears."""
        return clearing(reason, self.owed)

    @property
    def replan(self) -> Owed | None:
        """What the operator does about the reasons that no act of a person on this page clears."""
        return next((one for one in self.owed if one.step == "plan"), None)

    @property
    def is_cleared(self) -> bool:
        """Whether this NO-TRADE asked people for something on this page, and they have done all of it."""
        asked = [found for found in map(self.clearing, self.reasons) if found]
        return bool(asked) and not any(found.first for found in asked)


def view_ticket(
    connection: psycopg.Connection, ticket_id: str, posted: tuple[int, LineForm] | None = None
) -> TicketView | None:
    """
    Return the view of a ticket, or None when there is no such ticket.

    posted is the line number and form of a submission to show again instead of a fresh form.
    """
    if "\0" in ticket_id:
        return None
    ticket = queries.page.ticket(connection, ticket_id=ticket_id)
    # A ticket of another book is executed, and recorded, at the desk that keeps it.
    if ticket is None or ticket["portfolio_id"] != desk_settings().portfolio_id:
        return None
    g.run_id = ticket["run_id"]
    desk = desk_now()
    phase = phase_of(ticket, desk["now_at"])
    versions = read_versions(connection, ticket_id)
    switched_off = disabled_symbols(connection)
    lines = []
    is_next_found = phase == "early"
    for row in queries.page.lines(connection, ticket_id=ticket_id):
        order = TicketLine(**row)
        recorded = tuple(versions.get(order.line_number, ()))
        is_posted = posted is not None and posted[0] == order.line_number
        form = posted[1] if is_posted else fresh_form(ticket, recorded)
        is_next = not is_next_found and not recorded
        is_next_found = is_next_found or is_next
        is_open = is_posted or (is_next and posted is None)
        lines.append(LineView(order, recorded, form, is_open, switched_off.get(order.internal_symbol)))
    return TicketView(
        ticket,
        desk,
        phase,
        tuple(lines),
        reasons=stored_reasons(ticket["reasons"]),
        targets=explain(queries.page.targets(connection, ticket_id=ticket_id)),
        owed=read_owed(connection, ticket["portfolio_id"]) + replan_of(ticket, desk["now_at"]),
    )


def replan_of(ticket: Mapping, now_at: datetime) -> tuple[Owed, ...]:
    """Return what is owed about a ticket to have its week planned again: nothing once that is asked for."""
    if ticket["kind"] != "NO-TRADE" or ticket["newer_ticket_id"] or ticket["asked_by"]:
        return ()
    reasons = stored_reasons(ticket["reasons"])
    return replan(ticket["ticket_id"], ticket["plan_week"], reasons, ticket["window_close_at"], now_at)


def phase_of(ticket: Mapping, now_at: datetime) -> str:
    """Return where an instant lies in a ticket's week."""
    if now_at < ticket["window_open_at"]:
        return "early"
    if now_at < ticket["window_close_at"]:
        return "open"
    return "closed" if now_at < ticket["deadline_at"] else "overdue"


def fresh_form(ticket: Mapping, versions: tuple[Mapping, ...]) -> LineForm:
    """Return a line's untouched form; that of a recorded line starts from what is recorded."""
    day = on_clock(ticket["window_open_at"], "London", "%Y-%m-%d")
    values = {"key": new_key(), "seen_version": str(len(versions)), "fill_rows": "1", "fill-1-date": day}
    if versions:
        recorded = versions[0]
        values |= {"outcome": recorded["status"], "notes": recorded["notes"]}
        values["fill_rows"] = str(max(1, len(recorded["fills"])))
        for row, fill in enumerate(recorded["fills"], start=1):
            values |= {
                f"fill-{row}-units": as_typed(fill["units"]),
                f"fill-{row}-price": as_typed(fill["price_usd"]),
                f"fill-{row}-value": f"{fill['value_gbp']:f}",
                f"fill-{row}-fee": f"{fill['fee_gbp']:f}",
                f"fill-{row}-date": on_clock(fill["executed_at"], "London", "%Y-%m-%d"),
                f"fill-{row}-time": on_clock(fill["executed_at"], "London", "%H:%M:%S").removesuffix(":00"),
            }
    return LineForm(values)
