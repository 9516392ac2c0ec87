"""
What every task would import, imported once: the scheduler reads this, and each task is a fork of its forks.

Airflow imports this file in each of its processes; in the others nothing happens. After an upgrade, or with
another config/market_overrides.csv, the desk is started again, as it has to be anyhow.
"""

import logging
import pkgutil
import sys
from importlib import import_module

__all__ = ()


def warm_up() -> None:
    """Import the library, and build the exchange's calendar, which takes two seconds and serves for good."""
    import trading_ops
    from trading_ops.exchange import sessions

    for module in pkgutil.walk_packages(trading_ops.__path__, "trading_ops."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            import_module(module.name)
    sessions.calendar_hash()


if "scheduler" in sys.argv:
    try:
        warm_up()
    except Exception as problem:
        # Each task then meets it by itself, fails and tells; a scheduler that stopped would tell nobody.
        logging.getLogger(__name__).exception("the scheduler starts without its library warm: %s", problem)
