"""
trading-ops mail: deliver what waits in the outbox, or try whether mail arrives.
"""

import argparse
import sys

from trading_ops.comms.account import Undelivered
from trading_ops.comms.channels import read_channels
from trading_ops.comms.post import deliver_outbox, send_test
from trading_ops.db.connect import connect
from trading_ops.settings import Settings, settings
from trading_ops.tickets.trial import send_trial


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops mail` to its parser; without one it delivers."""
    test = parser.add_subparsers(dest="action").add_parser(
        "test", help="send a test to each person and channel now, and say what became of it"
    )
    test.add_argument("--to", metavar="ADDRESS", help="this address alone")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; 1 when a mail or message did not go out."""
    config = settings()
    return _test(options.to, config) if options.action else _deliver(config)


def run_trial(_options: argparse.Namespace) -> int:
    """Send the executor a test ticket and return the exit code; 1 when a mail did not go out."""
    config = settings()
    with connect("desk_planner", config) as connection:
        test_ticket_id = send_trial(connection, config)
    print(f"{test_ticket_id} goes to {config.executor_email}; `trading-ops ready` says who confirmed it")
    return _deliver(config)


def _deliver(config: Settings) -> int:
    report = deliver_outbox(lambda role: connect(role, config), config)
    for mail_id in report.sent:
        print(f"mail {mail_id} is sent")
    for mail_id, reason in report.failed:
        print(f"mail {mail_id} is not sent and stays in the outbox: {reason}", file=sys.stderr)
    for mail_id, reason in report.unheard:
        print(f"message {mail_id} was not told: {reason}", file=sys.stderr)
    for mail_id, reason in report.refused:
        print(f"mail {mail_id} is refused and not tried again: {reason}", file=sys.stderr)
    if not report.tried:
        print("no mail waits in the outbox")
    return 1 if report.failed or report.unheard or report.refused else 0


def _test(address: str | None, config: Settings) -> int:
    recipients = [address] if address else [config.operator_email, config.executor_email]
    failed = False
    if address is None:
        try:
            recipients += read_channels(config.channels)
        except Undelivered as reason:
            failed = True
            print(f"channels: failed: {reason}", file=sys.stderr)
    for recipient in dict.fromkeys(recipients):
        status, said = send_test(recipient, config)
        failed = failed or status != "sent"
        print(
            f"{recipient}: {'ok' if status == 'sent' else status}: {said}",
            file=sys.stdout if status == "sent" else sys.stderr,
        )
    return 1 if failed else 0
