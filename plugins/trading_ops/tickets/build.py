"""
From what a run found to the one ticket it issues.

Pure: rows in, a frozen Ticket out, no clock and no database, so the same run always gives the
same bytes. Anything missing, unknown or out of order makes the ticket a NO-TRADE that says so.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import rfc8785

from trading_ops.exchange.clocks import both_clocks
from trading_ops.plan.decision import Decision, Evidence, step_reason, unfit_orders
from trading_ops.plan.gates import GATES
from trading_ops.plan.reasons import Reason, in_order
from trading_ops.wording.figures import gbp, units, usd
from trading_ops.wording.instants import in_full

FORMAT = "trading-ops-ticket/1"
NOT_FOUND_RULE = "If not found, or only offered as a CFD or with leverage: mark FAILED and continue."
FIELDS_TO_RECORD = ("status", "units", "value_gbp", "price_usd", "executed_at", "notes")


@dataclass(frozen=True)
class RunRecord:
    """
    What a ticket is made of: the run, the decision on it, and what that was made of.

    `run` is the row of desk.runs with portfolio_kind and environment beside it.
    """

    run: Mapping
    decision: Decision
    evidence: Evidence


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

    `failed_steps` are those known by now, and `refusal` is what the database said to a TRADE built from
    the same record.
    """
    run = record.run
    reasons = in_order([*record.decision.reasons, *_reasons_since(record, now_at, failed_steps, refusal)])
    is_trade = record.decision.is_approved and not reasons
    return Ticket(
        ticket_id=f"{run['portfolio_id']}-{run['plan_week']}-{run['attempt_number']}",
        kind="TRADE" if is_trade else "NO-TRADE",
        label=label_of(run["portfolio_kind"], run["environment"]),
        run=run,
        window_open_at=run["window_open_at"],
        window_close_at=run["window_close_at"],
        deadline_at=run["deadline_at"],
        gates=tuple((gate, _status_of(record.evidence, gate)) for gate in GATES),
        lines=_lines(record.evidence) if is_trade else (),
        reasons=reasons,
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
        "reasons": [reason.as_json() for reason in ticket.reasons],
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


def _reasons_since(
    record: RunRecord, now_at: datetime, failed_steps: Sequence[str], refusal: Reason | None
) -> Iterator[Reason]:
    """Look for what speaks against a TRADE now and did not when it was decided."""
    told = {reason.key for cause in record.decision.reasons for reason in (cause, *cause.follows)}
    yield from (reason for reason in map(step_reason, failed_steps) if reason.key not in told)
    # Whoever approved it, only what a person can execute is read out.
    yield from unfit_orders(record.evidence) if record.decision.is_approved else ()
    if now_at >= record.run["window_close_at"]:
        sentence = f"The execution window closed at {in_full(record.run['window_close_at'])}."
        yield Reason("window", "window_open", sentence, "Wait for the next plan.")
    if refusal:
        yield refusal


def _status_of(evidence: Evidence, gate: str) -> str:
    return evidence.gates[gate].status if gate in evidence.gates else "MISSING"


def _lines(evidence: Evidence) -> tuple[TicketLine, ...]:
    return tuple(
        TicketLine(
            internal_symbol=order.symbol,
            etoro_search_name=evidence.search_names[order.symbol],
            **{name: value for name, value in vars(order).items() if name != "symbol"},
        )
        for order in sorted(evidence.orders, key=lambda order: order.line_number)
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
