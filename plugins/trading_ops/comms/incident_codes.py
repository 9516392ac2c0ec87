"""
What goes wrong at a desk: a code each, whose it is, and what ends it.

Pure. `desk.is_incident_over` finds by the same code whether it is over; docs/INCIDENTS.md says what to do.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """
    What a code means, whose it is (operator or executor), and what ends it; without `ends` a person does.

    What `concerns_both` is told to the other person at once as well, its end too.
    """

    meaning: str
    owner: str
    ends: str = ""
    concerns_both: bool = False


_GATE = "a later run passed the gate"
_QUIET_FOR_A_DAY = "there was none of the kind for a day"
_SWITCHED_ON = "the symbol is switched on again"

CODES = {
    "STEP_FAILED": Code("a step of a run did not finish", "operator", "a later run did all of its work"),
    "DATA_STALE": Code("the data would block a plan, or a file was refused", "operator", _GATE),
    "CONFIRMATION_MISSING": Code(
        "lines of a TRADE ticket were not confirmed in time", "executor", "every line is confirmed"
    ),
    "SNAPSHOT_MISSING": Code(
        "what eToro shows was not typed in in time",
        "executor",
        "a snapshot as new as the plan needs is there",
    ),
    "RECONCILIATION_DRIFT": Code(
        "the books and the broker differ", "operator", "the books agree with what eToro shows"
    ),
    "SPLIT_DOUBTED": Code(
        "a vendor reports a split of a holding that is not to be believed",
        "operator",
        "an operator settled it, or its vendor says otherwise",
    ),
    "STATEMENT_DISPUTED": Code(
        "eToro's statement says something else of a line than its confirmation", "operator", "they agree"
    ),
    "DIVIDEND_OVERDUE": Code(
        "a dividend of a holding is not booked 45 days after its ex-date", "operator", "it is booked"
    ),
    "RISK_BLOCKED": Code("the risk gate blocked the plan", "operator", _GATE),
    "DRAWDOWN_LIMIT": Code("the book lost more than its limit, in all or in a day", "operator", _GATE),
    "KILL_SWITCH": Code("the desk was halted", "operator", "the halt was released", concerns_both=True),
    "NO_TICKET": Code("the week has no ticket although it is due", "operator", "the ticket is there"),
    "REPORT_MISSING": Code(
        "the daily report is not written although it is due", "operator", "the report is there"
    ),
    "RUN_LATE": Code(
        "a run is over its time and has not done its work", "operator", "a later run did all of its work"
    ),
    "COMPONENT_DOWN": Code(
        "a part of the desk hung or ended, and was started again", "operator", _QUIET_FOR_A_DAY
    ),
    "DISK_LOW": Code("a disk of the desk has little room left, or none", "operator", _QUIET_FOR_A_DAY),
    "DATABASE_SLOW": Code(
        "the database did not answer for a while, or only slowly", "operator", _QUIET_FOR_A_DAY
    ),
    "WINDOW_MISSED": Code(
        "the ticket came after its execution window had closed", "operator", "a later ticket came in time"
    ),
    "TICKET_REFUSED": Code("Postgres refused a TRADE ticket Python would have issued", "operator"),
    "SOURCE_BLOCKED": Code(
        "a market data source refused to serve the desk", "operator", "the source has served the desk again"
    ),
    "VENDOR_OUTAGE": Code(
        "more symbols lack bars at once than can be the symbols' own fault", "operator", _GATE
    ),
    "SYMBOL_DISABLED": Code(
        "a symbol kept missing bars and is not bought any more", "operator", _SWITCHED_ON
    ),
    "UNTRADABLE_SYMBOL": Code(
        "the broker does not offer a symbol's stock; it is not bought any more", "operator", _SWITCHED_ON
    ),
    "MAIL_REFUSED": Code(
        "a mail did not reach whom it was for, and is not tried again",
        "operator",
        "a later mail reached the same address",
    ),
    "MAIL_WAITING": Code(
        "mail waits that cannot be handed over", "operator", "everything that waited is handed over"
    ),
    "DAG_PAUSED": Code("a DAG of the desk is paused and does not run", "operator", "the DAG is on again"),
    "SIGN_IN_BRAKED": Code("somebody guesses passwords of the page, and has to wait", "operator"),
}


def find_code(code: str) -> Code:
    """Return what is known of a code; one from an older desk is the operator's."""
    return CODES.get(code, Code("something went wrong", "operator"))
