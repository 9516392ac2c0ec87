"""
The symbols under which the exchanges send test orders: no company, prices without meaning.

Pure. Published by Nasdaq (`Test Issue` in its symbol directory), NYSE, Cboe and IEX. Vendors carry some
of them among the real ones; ZVZZT moves more than 100 % on one day in ten.
"""

import re

# The three-letter ones serve the volatility halts; a company that ever gets one is refused with
# this module's name in the reason, which beats trading a test.
_TEST_ISSUES = re.compile(
    r"[ACMNP]TEST([.-][A-Z])?|Z[A-Z]ZZT|ZVZZC(NX)?|ZXYZ([.-][A-Z])?|ZTEST|ZTST|ZBZX|ZEXIT|ZIEXT|ZXIET"
    r"|CBO|CBX|IBO|IGZ|ZVV|ZZK"
)


def is_test_issue(symbol: str) -> bool:
    """Say whether an exchange uses this symbol for tests."""
    return _TEST_ISSUES.fullmatch(symbol) is not None
