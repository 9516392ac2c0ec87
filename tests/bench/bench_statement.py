"""
How long the import of the real account statement takes, its four roll-forwards included, beside parsing it
alone.

    python -m tests.bench.bench_statement [--rounds N]

Into one embedded server, a fresh database each round, and rounds alternate, so another program's load falls
on both alike. And how many families of parts of the real file are whole, of how many.
"""

import argparse
import statistics
import time

from tests.bench.scratch import fresh_desk, real_folder, server
from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.settings import Settings
from trading_ops.statements.parse import read_statement
from trading_ops.statements.record import import_file

ROUNDS = 7
GOAL, PARTS_GOAL = 3.0, 39
_PARTS = """
select
    coalesce(sum(parts_count), 0)::integer as parts,
    coalesce(sum(parts_count) filter (where is_conserved and is_closed), 0)::integer as whole
from desk.statement_families where parts_count > 0
"""


def main() -> int:
    """Measure, print, and return 1 when a part is not proven: a slow machine is no failure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    options = arguments.parse_args()
    (path,) = real_folder("etoro_statements").glob("*.xlsx")
    content = path.read_bytes()
    parsed, imported = [], []
    with server() as config:
        for _ in range(options.rounds):
            parsed.append(_seconds(lambda: read_statement(content)))
            with fresh_desk(config) as desk:
                seconds, found = _import(desk, content)
                imported.append(seconds)
    ratio = statistics.median(imported) / statistics.median(parsed)
    print(f"  parsing alone            {statistics.median(parsed):6.3f} s")
    print(f"  import, kept and checked {statistics.median(imported):6.3f} s")
    print(f"  import / parsing         {ratio:6.2f} x   goal: at most {GOAL}")
    print(
        f"  parts proven             {found['whole']:3d} of {found['parts']}   goal: {PARTS_GOAL} of {PARTS_GOAL}"
    )
    return int((found["whole"], found["parts"]) != (PARTS_GOAL, PARTS_GOAL))


def _import(desk: Settings, content: bytes) -> tuple[float, dict]:
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.set_person('shell', 'operator', 'operator', 'o@desk.example', 'h')")
        seconds = _seconds(lambda: _commit(connection, desk.portfolio_id, content))
        return seconds, connection.execute(_PARTS).fetchone()


def _commit(connection, portfolio_id: str, content: bytes) -> None:
    import_file(connection, portfolio_id, "operator", content)
    connection.commit()


def _seconds(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
