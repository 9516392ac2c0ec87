"""
A test ticket: one made-up line that the executor works through on the phone before the first real one.

It lies in a table of its own, so no plan, book or gate can take it for a ticket.
"""

import secrets
from datetime import timedelta
from decimal import Decimal

import psycopg

from trading_ops.comms.letters import Letter, compose
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import queries
from trading_ops.runs.run import RunError
from trading_ops.settings import Settings
from trading_ops.tickets.build import TicketLine
from trading_ops.tickets.letters import page_link
from trading_ops.wording.instants import in_full

WINDOW = timedelta(days=7)
LINE = TicketLine(
    line_number=1,
    side="BUY",
    internal_symbol="TEST",
    etoro_search_name="TEST, which is no stock",
    value_gbp=Decimal("10.00"),
    units_estimate=Decimal("0.125"),
    is_full_exit=False,
    reference_price_usd=Decimal(100),
    price_limit_usd=Decimal(103),
    gbpusd_rate=Decimal("1.25"),
)
_NO_BOOK = "It is in no book, and nothing is to be done."
# What the executor types in, as if eToro had shown it.
FIGURES = "0.125 units at $100.00, value £10.00, no fee, executed just now"


def send_trial(connection: psycopg.Connection, config: Settings) -> str:
    """
    Put a test ticket into the outbox, for the executor, and return its name (as desk_planner, commits).

    Raises RunError when the book has not begun.
    """
    if not queries.ledger.portfolio_kind(connection, portfolio_id=config.portfolio_id):
        raise RunError(f"the book {config.portfolio_id} begins with this desk's first run: do that first")
    test_ticket_id = f"TEST-{secrets.token_hex(4)}"
    with connection.transaction():
        queries.tickets.insert_test_ticket(
            connection, test_ticket_id=test_ticket_id, portfolio_id=config.portfolio_id
        )
        enqueue(
            connection,
            dedupe_key=f"test:{test_ticket_id}",
            kind="test",
            recipient=config.executor_email,
            letter=_trial_letter(test_ticket_id, config.page_url),
        )
    connection.commit()
    return test_ticket_id


def tell_confirmed(connection: psycopg.Connection, config: Settings) -> list[str]:
    """
    Write to the operator of each test ticket that was worked through, once; return a line for each.

    Works as desk_planner, in the caller's transaction.
    """
    lines = []
    for row in list(queries.tickets.untold_test_confirmations(connection, portfolio_id=config.portfolio_id)):
        line = (
            f"{row['person']} recorded the test ticket {row['test_ticket_id']} {in_full(row['created_at'])}"
        )
        enqueue(
            connection,
            dedupe_key=f"test:{row['test_ticket_id']}:confirmed",
            kind="test",
            recipient=config.operator_email,
            letter=compose(
                f"[TEST] Test ticket {row['test_ticket_id']} was recorded",
                [f"{line}: the mail arrives, the page is reached, and the form was sent.", _NO_BOOK],
                link=page_link(config.page_url, f"/test/{row['test_ticket_id']}"),
            ),
        )
        lines.append(line)
    return lines


def _trial_letter(test_ticket_id: str, page_url: str) -> Letter:
    return compose(
        f"[TEST] Test ticket {test_ticket_id}",
        [
            "TEST: place no order at a broker. This is how a ticket arrives.",
            "Open the link on the phone you will trade with, sign in, and record its one line as the page says.",
        ],
        facts=[("TEST ticket", test_ticket_id)],
        link=page_link(page_url, f"/test/{test_ticket_id}"),
    )
