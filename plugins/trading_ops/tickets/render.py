"""
A ticket as a person reads it: markdown from one template.

Pure. The text holds no word that needs judgement, and the same ticket always gives the same text.
"""

from trading_ops.tickets import build
from trading_ops.tickets.reasons import following, group_reasons
from trading_ops.wording.templates import environment

_TEMPLATES = environment(
    "trading_ops.tickets", skip_rule=build.skip_rule, instruction=build.instruction, following=following
)


def shown_hash(content_sha256: str) -> str:
    """Return what mail and page show of a ticket's hash, for a person to compare."""
    return content_sha256[:12]


def render_markdown(ticket: build.Ticket) -> str:
    """Return the ticket as markdown, with the hash of its canonical JSON."""
    return _TEMPLATES.get_template("ticket.md.j2").render(
        ticket=ticket,
        run=ticket.run,
        sell_value=build.value_of(ticket, "SELL"),
        buy_value=build.value_of(ticket, "BUY"),
        reasons=group_reasons(ticket.reasons),
        not_found_rule=build.NOT_FOUND_RULE,
        content_sha256=build.content_sha256(build.canonical_json(ticket)),
    )
