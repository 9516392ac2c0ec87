"""
What dbt makes for a run is made of that run's book; it reads the desk in `staging/desk` alone.
"""

from psycopg import sql

from tests.database import rows, two_books
from tests.dbt.small_desk import PROJECT, run_dbt

NAMES = sorted(path.stem for path in (PROJECT / "models/staging/desk").glob("*.sql"))


def staged(desk, target, run_id: str) -> dict[str, list[str]]:
    """Build what dbt reads of the desk for a run and return the rows of each relation."""
    done = run_dbt(desk, target, "run", "--select", "path:models/staging/desk", run_id=run_id)
    assert done.returncode == 0, done.stdout
    found = {}
    with rows.superuser(desk) as connection:
        for name in NAMES:
            shown = sql.SQL("select shown::text as row from {} as shown").format(
                sql.Identifier("staging", name)
            )
            found[name] = sorted(row["row"] for row in connection.execute(shown))
    return found


def test_other_books_change_nothing_of_what_a_run_reads(desk, tmp_path):
    """Neither a newer one nor an older one."""
    run_id = two_books.fill(desk)
    alone = staged(desk, tmp_path, run_id)
    assert len(alone) >= 25
    # Looked up at the broker is what a live book trades.
    assert {name for name, found in alone.items() if not found} == {"stg_desk__symbols_verified"}
    with rows.superuser(desk) as connection:
        two_books.add_twins(connection, two_books.own_tables(connection) | two_books.DESKS_OWN)
    beside = staged(desk, tmp_path, run_id)
    assert {name for name in alone if beside[name] != alone[name]} == set()
