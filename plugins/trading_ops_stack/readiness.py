"""
What a desk in production still lacks: one line for each thing, with the way to mend it.
"""

import argparse
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings, settings
from trading_ops.universe.files import read_universe

# (state, what, how): state is `ok`, `MISSING` where it keeps the desk from trading, `open` where it does not.
Finding = tuple[str, str, str]


def add_no_options(_parser: argparse.ArgumentParser) -> None:
    """Let `trading-ops ready` take none."""


def run(_options: argparse.Namespace) -> int:
    """Print what the desk still lacks; exit code 1 while it may not trade."""
    found = findings(settings())
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
        facts = queries.operator.readiness(connection, portfolio_id=config.portfolio_id)
    order = ("MISSING", "open", "ok")
    return sorted(_findings(config, facts), key=lambda finding: order.index(finding[0]))


def _findings(config: Settings, facts: Mapping) -> Iterator[Finding]:
    is_simulated = config.environment == "simulated"
    yield _needed(
        not is_simulated, "the desk lives in real time", "make one with `make init`; this one is simulated"
    )
    yield _needed(
        facts["portfolio_kind"] is not None, f"the book {config.portfolio_id} exists", "`make up` opens it"
    )
    yield _needed(
        config.mail == "smtp",
        "mail goes to people",
        f"it goes to {config.data / 'mail'}: set TRADING_OPS_MAIL=smtp",
    )
    example = [
        name
        for name in ("mail_from", "operator_email", "executor_email")
        if getattr(config, name).endswith((".example", "@example.com", "@example.org"))
    ]
    yield _needed(not example, "every address is somebody's", f"{', '.join(example)} is an example's")
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
    stocks = [entry for entry in read_universe(config).entries if entry.is_tradable_underlying]
    unverified = [entry for entry in stocks if not entry.verified_by]
    yield _wished(
        not unverified,
        f"{len(stocks) - len(unverified)} of {len(stocks)} stocks were found on eToro by a person",
        f"look each up there, then fill in verified_by and verified_at in {config.universe}",
    )
    yield _wished(
        _clock_is_kept(), "the clock of this machine is kept by NTP", "sudo timedatectl set-ntp true"
    )


def _needed(is_there: bool, what: str, how: str) -> Finding:
    return ("ok" if is_there else "MISSING"), what, how


def _wished(is_there: bool, what: str, how: str) -> Finding:
    return ("ok" if is_there else "open"), what, how


def _clock_is_kept() -> bool:
    if shutil.which("timedatectl") is None:
        return False
    done = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() == "yes"
