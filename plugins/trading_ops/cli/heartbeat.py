"""
trading-ops heartbeat: called by a timer outside the desk; tells when it is silent, pings when it is not.
"""

import argparse
import sys
import urllib.request
from email.utils import localtime

from trading_ops.exchange.sessions import CalendarError
from trading_ops.settings import Settings, settings, variable
from trading_ops.watch.silence import listen

_ANSWER_S = 20


def run(options: argparse.Namespace) -> int:
    """Listen once and return 0 when the desk has spoken and whoever is pinged has heard."""
    config = settings()
    if config.environment != "production":
        print("a simulated desk has no schedule, so it is never silent")
        return 0
    try:
        heard = listen(config, localtime())
    except (CalendarError, OSError, ValueError) as error:
        print(f"trading-ops heartbeat: {error}", file=sys.stderr)
        return 1
    if heard.is_well:
        print(f"the desk speaks: nothing is missing up to the session of {heard.duty.session}")
        return 0 if not config.ping_url or _ping(config) else 1
    print(f"the desk is SILENT: the report on {heard.duty.session} was not handed over", file=sys.stderr)
    for fault in heard.faults:
        print(f"not told: {fault}", file=sys.stderr)
    return 1


def _ping(config: Settings) -> bool:
    try:
        with urllib.request.urlopen(config.ping_url, timeout=_ANSWER_S):
            return True
    except OSError as error:
        # Whoever knows the address can ping for the desk.
        print(f"{variable('ping_url')} was not reached: {type(error).__name__}", file=sys.stderr)
        return False
