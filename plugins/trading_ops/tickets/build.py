"""
From what a run found to the one ticket it issues.

Pure: rows in, a frozen Ticket out, no clock and no database, so the same run always gives the
same bytes. Anything missing, unknown or out of order makes the ticket a NO-TRADE that says so.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import rfc8785

from trading_ops.exchange.clocks import both_clocks
from trading_ops.plan.gates import GATES
from trading_ops.tickets.reasons import Reason, RunRecord, ordered, reasons_against, status_of
from trading_ops.wording.figures import gbp, units, usd

FORMAT = "trading-ops-ticket/1"
NOT_FOUND_RULE = "If not found, or only offered as a CFD or with leverage: mark FAILED and continue."
FIELDS_TO_RECORD = ("status", "units", "value_gbp", "price_usd", "executed_at", "notes")


@dataclass(frozen=True)
class TicketLine:
    """One order a person clicks; a full exit is by units, anything else by value."""

    line_number: int
    side: str
    internal_symbol: str
    etoro_search_name: str
    value_gbp: Decimal
    units_estimate: Decimal
    is_full_exit: bool
    reference_price_usd: Decimal
    price_limit_usd: Decimal
    gbpusd_rate: Decimal
    order_type: str = "MARKET"


@dataclass(frozen=True)
class Ticket:
    """A whole ticket. `label` is empty for real money and otherwise says what the money is."""

    ticket_id: str
    kind: str
    label: str
    run: Mapping
    window_open_at: datetime
    window_close_at: datetime
    deadline_at: datetime
    gates: tuple[tuple[str, str], ...]
    lines: tuple[TicketLine, ...]
    reasons: tuple[Reason, ...]


def build_ticket(
    record: RunRecord, *, now_at: datetime, failed_steps: Sequence[str] = (), refusal: Reason | None = None
) -> Ticket:
    """
    Return the run's ticket: TRADE only when nothing at all speaks against it.

    `refusal` is what the database said to a TRADE built from the same record.
    """
    run = record.run
    reasons = reasons_against(record, now_at=now_at, failed_steps=failed_steps)
    if refusal:
        reasons.append(refusal)
    return Ticket(
        ticket_id=f"{run['portfolio_id']}-{run['plan_week']}-{run['attempt_number']}",
        kind="NO-TRADE" if reasons else "TRADE",
        label=label_of(run["portfolio_kind"], run["environment"]),
        run=run,
        window_open_at=run["window_open_at"],
        window_close_at=run["window_close_at"],
        deadline_at=run["deadline_at"],
        gates=tuple((gate, status_of(record, gate)) for gate in GATES),
        lines=() if reasons else tuple(_line(row, record.search_names) for row in ordered(record.intended)),
        reasons=tuple(dict.fromkeys(reasons)),
    )


def label_of(portfolio_kind: str, environment: str) -> str:
    """Return the word that says this is not real money, or nothing for the live portfolio."""
    if portfolio_kind == "live":
        return "" if environment == "production" else "SIMULATED"
    return portfolio_kind.upper()


def ticket_body(ticket: Ticket) -> dict:
    """Return the ticket as JSON values: decimals are strings, instants ISO 8601 in UTC."""
    run = ticket.run
    opens, closes, deadline = (
        both_clocks(instant)
        for instant in (ticket.window_open_at, ticket.window_close_at, ticket.deadline_at)
    )
    return {
        "format": FORMAT,
        "ticket_id": ticket.ticket_id,
        "kind": ticket.kind,
        "label": ticket.label or "LIVE",
        "is_simulated": ticket.label == "SIMULATED",
        "portfolio_id": run["portfolio_id"],
        "portfolio_kind": run["portfolio_kind"],
        "plan_week": run["plan_week"],
        "attempt_number": run["attempt_number"],
        "as_of_date": _text(run["as_of_date"]),
        "run": {
            name: run[name]
            for name in (
                "run_id",
                "config_hash",
                "policy_hash",
                "universe_hash",
                "calendar_hash",
                "git_commit",
                "is_dirty",
                "data_snapshot_id",
                "signal_method",
                "model_version",
                "image_digest",
            )
        },
        "window": {
            "open": opens.as_json(),
            "close": closes.as_json(),
            "deadline": deadline.as_json(),
            "clock_difference_hours": opens.difference_hours,
            "is_clock_mismatch": opens.is_mismatch,
        },
        "gates": [{"gate": gate, "status": status} for gate, status in ticket.gates],
        "lines": [_line_body(line) for line in ticket.lines],
        "totals": {
            "lines_count": len(ticket.lines),
            "sell_value_gbp": f"{value_of(ticket, 'SELL'):.2f}",
            "buy_value_gbp": f"{value_of(ticket, 'BUY'):.2f}",
        },
        "reasons": [vars(reason) for reason in ticket.reasons],
    }


def canonical_json(ticket: Ticket) -> str:
    """Return the one JSON text of a ticket (RFC 8785: sorted keys, no spaces)."""
    return rfc8785.dumps(ticket_body(ticket)).decode()


def content_sha256(body_json: str) -> str:
    """Return the hash that names a ticket's content on the page, in the mail and in Postgres."""
    return hashlib.sha256(body_json.encode()).hexdigest()


def value_of(ticket: Ticket, side: str) -> Decimal:
    """Return the pounds a ticket buys or sells."""
    return sum((line.value_gbp for line in ticket.lines if line.side == side), Decimal("0.00"))


def skip_price_usd(line: TicketLine) -> Decimal:
    """
    Return the limit as a person types it: whole cents, or four decimals under a dollar.

    Rounded towards the reference price, so a printed limit is never looser than the stored one.
    """
    step = Decimal("0.01") if line.price_limit_usd >= 1 else Decimal("0.0001")
    return line.price_limit_usd.quantize(
        step, rounding="ROUND_FLOOR" if line.side == "BUY" else "ROUND_CEILING"
    )


def skip_rule(line: TicketLine) -> str:
    """Return the absolute rule for leaving a line out."""
    direction = "above" if line.side == "BUY" else "below"
    return f"Skip if the price is {direction} {usd(skip_price_usd(line))}"


def instruction(line: TicketLine) -> str:
    """Return what to do, without a word that needs judgement."""
    if line.is_full_exit:
        return f"Sell the whole position, {units(line.units_estimate)} units, about {gbp(line.value_gbp)}"
    return f"{line.side.capitalize()} {gbp(line.value_gbp)}"


def _line(row: Mapping, search_names: Mapping[str, str]) -> TicketLine:
    names = [
        name for name in TicketLine.__dataclass_fields__ if name not in ("etoro_search_name", "order_type")
    ]
    return TicketLine(
        etoro_search_name=search_names[row["internal_symbol"]], **{name: row[name] for name in names}
    )


def _line_body(line: TicketLine) -> dict:
    return {
        **{
            name: value if isinstance(value, int | str) else _text(value)
            for name, value in vars(line).items()
        },
        "value_gbp": f"{line.value_gbp:.2f}",
        "instruction": instruction(line),
        "skip_rule": skip_rule(line),
        "not_found_rule": NOT_FOUND_RULE,
        "fields_to_record": list(FIELDS_TO_RECORD),
    }


def _text(value: Decimal | date) -> str:
    """Plain notation without trailing zeros, so 100 and 100.00 hash alike."""
    if isinstance(value, date):
        return value.isoformat()
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
