"""
trading-ops data-quality, trading-ops riskguard: how a gate was judged last, and by which checks.
"""

import argparse
from collections.abc import Mapping

from trading_ops.db.connect import connect, queries
from trading_ops.files import private_folder, write_whole
from trading_ops.plan.steps import gate_reasons
from trading_ops.settings import settings
from trading_ops.tickets.reasons import told

# The gate of each verb, and the word its first line begins with.
_GATES = {"data-quality": ("data_quality", "DATA_QUALITY"), "riskguard": ("risk", "RISK")}


def run(options: argparse.Namespace) -> int:
    """
    Print the newest verdict of a gate, each check, and each cause with its fix; exit code 1 for a FAIL.

    The same is written to data/reports/<gate>_<as_of>.md, beside the daily report.
    """
    gate, word = _GATES[options.verb]
    with connect("desk_planner") as connection:
        judged = queries.operator.newest_gate(connection, portfolio_id=settings().portfolio_id, gate=gate)
        if judged is None:
            print(f"{word}_UNKNOWN: no run was judged yet")
            return 1
        reasons = gate_reasons(connection, judged["run_id"], gate)
    first = f"{word}_{judged['status']}: the {judged['kind']} run {judged['run_id']}, data of {judged['as_of_date']}"
    lines = [_line(check) for check in judged["checks"]]
    lines += [f"{reason.check_name}: {told(reason)}" for reason in reasons]
    print(first, *lines, sep="\n")
    path = private_folder(settings().data / "reports") / f"{gate}_{judged['as_of_date']}.md"
    write_whole(path, "\n".join([f"# {first}\n", *(f"- {line.strip()}" for line in lines), ""]).encode())
    print(f"written to {path}")
    return 0 if judged["status"] == "PASS" else 1


def _line(check: Mapping) -> str:
    state = "clear " if check.get("is_clear") is True else "BLOCKS"
    figures = [
        f"{name} {check[key]}"
        for name, key in (("saw", "observed_value"), ("limit", "limit_value"))
        if check.get(key) is not None
    ]
    return f"  {state}  {check['check_name']}{'  ' if figures else ''}{', '.join(figures)}"
