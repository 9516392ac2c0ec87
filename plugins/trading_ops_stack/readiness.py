"""
What a desk in production still lacks: one line for each thing, with the way to mend it.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from trading_ops.config.files import read_policy
from trading_ops.config.policy import Policy
from trading_ops.config.policy_sections import Clock
from trading_ops.db.connect import connect, queries
from trading_ops.exchange.clocks import LONDON
from trading_ops.exchange.sessions import newest_complete_session, session_close_at
from trading_ops.ops.identity import identity
from trading_ops.runs.freeze import mail_columns
from trading_ops.runs.machine_clock import ntp_offset
from trading_ops.settings import Settings, settings, variable
from trading_ops.sources.config import read_sources
from trading_ops.watch.silence import notes_file

# (state, what, how): state is `ok`, `MISSING` where it keeps the desk from trading, `open` where it does not.
Finding = tuple[str, str, str]
_MAIL_SETTINGS = ("mail", "mail_from", "operator_email", "executor_email")


def add_no_options(_parser: argparse.ArgumentParser) -> None:
    """Let `trading-ops ready` take none."""


def run(_options: argparse.Namespace) -> int:
    """Print what the desk still lacks; exit code 1 while it may not trade."""
    config = settings()
    print(identity(config), file=sys.stderr)
    found = findings(config)
    print(readiness_text(found))
    return 1 if any(state == "MISSING" for state, _, _ in found) else 0


def readiness_text(found: Sequence[Finding]) -> str:
    """Return one line per finding."""
    return "\n".join(
        f"  {state:<8} {what}{f': {how}' if how and state != 'ok' else ''}" for state, what, how in found
    )


def findings(config: Settings) -> list[Finding]:
    """Return what a desk has and lacks, what is missing first."""
    with connect("desk_planner", config) as connection:
        facts = queries.operator.readiness(
            connection, portfolio_id=config.portfolio_id, **mail_columns(config)
        )
        stocks = list(queries.universe.verified_stocks(connection))
        now_at = queries.clock.now_at(connection)
        session = newest_complete_session(now_at)
        asked = list(queries.operator.sources_asked(connection, asked_since=session_close_at(session)))
        is_quiet = not list(queries.incidents.still_open(connection))
    order = ("MISSING", "open", "ok")
    policy, in_order = read_policy(config), read_sources(config.sources).fetch_order
    found = [
        *_findings(config, facts, stocks),
        *_kept_up(config, policy, now_at.astimezone(LONDON).date()),
        *_sources(in_order, asked, session),
        *_told(config, is_quiet),
    ]
    return sorted(found, key=lambda finding: order.index(finding[0]))


def _findings(config: Settings, facts: Mapping, stocks: Sequence[Mapping]) -> Iterator[Finding]:
    is_simulated = config.environment == "simulated"
    yield _needed(
        not is_simulated, "the desk lives in real time", "make one with `make init`; this one is simulated"
    )
    yield _needed(
        facts["portfolio_kind"] is not None, f"the book {config.portfolio_id} exists", "`make up` opens it"
    )
    yield _needed(
        not facts["mail_objection"],
        "mail reaches people",
        f"{facts['mail_objection']}; set {', '.join(map(variable, _MAIL_SETTINGS))}, then try it: "
        "trading-ops mail test",
    )
    yield _wished(
        facts["mailed_at"] is not None, "a mail was accepted by the relay", "try it: trading-ops mail test"
    )
    yield _wished(
        config.page_url.startswith("https://"),
        f"the page is reached over TLS ({config.page_url})",
        "RUNBOOK, 'Reach the page from a phone'",
    )
    yield _needed(
        facts["operators"] > 0 and facts["executors"] > 0, "an operator and an executor may sign in",
        "trading-ops people add",
    )  # fmt: skip
    yield _needed(facts["loaded_at"] is not None, "market data is loaded", "RUNBOOK, 'Market data'")
    yield _wished(
        facts["policy_hash"] in (None, read_policy(config).policy_hash),
        "the policy in use is the one of the file",
        "the next run adopts it; read it once more",
    )
    yield _needed(
        facts["snapshot_at"] is not None, "the broker's account was typed in once",
        "type in what eToro shows: page, Snapshot",
    )  # fmt: skip
    confirmed = facts["test_confirmed"]
    yield _wished(
        confirmed is not None,
        f"test ticket confirmed by {confirmed} UTC" if confirmed else "a test ticket was confirmed",
        "once the desk is up: trading-ops test-ticket",
    )
    wanted = [stock for stock in stocks if stock["is_enabled"]]
    found_count = sum(stock["is_verified"] for stock in wanted)
    # A book of real money trades no other ones.
    judged = _needed if facts["portfolio_kind"] == "live" else _wished
    yield judged(
        bool(wanted) and found_count == len(wanted),
        f"{found_count} of {len(wanted)} stocks were found on eToro by a person",
        f"the executor ticks each at {config.page_url}/symbols"
        if wanted
        else "the first daily run names them",
    )


def _kept_up(config: Settings, policy: Policy, today: date) -> Iterator[Finding]:
    """Yield what has to be done again from time to time, and what the desk has no way of yet."""
    review = policy.review
    age_days = (today - date.fromisoformat(review.reviewed_date)).days if review.reviewed_date else None
    yield _wished(
        bool(review.person) and age_days is not None and 0 <= age_days <= review.age_days_max,
        f"the policy was reviewed{review.person and f' by {review.person} on {review.reviewed_date}'}",
        f"read {config.policy} and write who did and when under `review`; it counts {review.age_days_max} days",
    )
    yield _wished(
        False, "a backup was restored as a drill", "no drill is known; the desk makes no backup by itself"
    )
    yield _wished(
        False,
        "people sign in with a second factor",
        "there is none: a password alone opens the page, so keep it in a network of your own (RUNBOOK, 'Reach "
        "the page from a phone')",
    )
    yield _clock(policy.clock)


def _sources(order: Sequence[str], asked: Sequence[Mapping], session: date) -> Iterator[Finding]:
    """Yield whether the online sources gave anything since the newest session, where there are any."""
    gave = {row["source"]: row["given_count"] for row in asked if row["source"] in order}
    told = ", ".join(f"{source} {count}" for source, count in gave.items())
    if order:
        yield _wished(
            any(gave.values()),
            f"sources were asked since the session of {session}{told and f', and gave: {told}'}",
            "trading-ops fetch; for keys and refusals RUNBOOK, 'Market data'",
        )


def _clock(rules: Clock) -> Finding:
    """Return whether the clock is kept and right, as the risk gate will judge it."""
    ntp = ntp_offset()
    if ntp is None:
        judge = _needed if rules.unknown_blocks else _wished
        return judge(False, "the clock of this machine is kept by NTP", "sudo apt install chrony")
    bound = "at most " if ntp.source == "chrony" else ""
    return _needed(
        abs(ntp.offset_ms) <= rules.offset_ms_max,
        f"the clock is within {rules.offset_ms_max} ms of NTP ({ntp.source}: {bound}{ntp.offset_ms:.1f} ms)",
        "sudo chronyc makestep",
    )


def _told(config: Settings, is_quiet: bool) -> Iterator[Finding]:
    yield _wished(
        notes_file(config).exists(),
        "something outside the desk listens whether it speaks",
        "RUNBOOK, 'The desk is silent'",
    )
    yield _wished(is_quiet, "no incident is open", "trading-ops incidents")


def _needed(is_there: bool, what: str, how: str) -> Finding:
    return ("ok" if is_there else "MISSING"), what, how


def _wished(is_there: bool, what: str, how: str) -> Finding:
    return ("ok" if is_there else "open"), what, how
