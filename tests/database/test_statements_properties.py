"""Whatever an account does: its statements, cut and overlapping in any way and any order, are one ledger."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database import rows
from tests.database.test_statements import LEDGER
from tests.unit.statements.made_account import END, START
from tests.unit.statements.test_rollforward_properties import accounts
from trading_ops.statements.record import import_file

NOW_AT = END + timedelta(days=90)
UNSOUND = "select * from desk.statement_families where is_conserved is not true"
DAYS = (END - START).days + 1


@st.composite
def periods(draw) -> list[tuple]:
    """
    The year in up to six parts without a gap, each reaching back into the one before, made on any later
    day.
    """
    cuts = sorted({*draw(st.lists(st.integers(20, DAYS - 1), max_size=5)), DAYS})
    found, first = [], 0
    for last in cuts:
        start = START + timedelta(days=max(0, first - draw(st.integers(0, 60))))
        end = START + timedelta(days=last) - timedelta(seconds=1)
        # A day after the 12th, so that its dates can be read.
        made_at = (end + timedelta(days=draw(st.integers(20, 70)))).replace(day=draw(st.integers(21, 28)))
        found.append((start, end, made_at))
        first = last
    return draw(st.permutations([*found, *draw(st.lists(st.sampled_from(found), max_size=2))]))


@given(accounts(), periods())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statements_cut_in_any_way_are_the_ledger_of_the_whole(desk, made, parts):
    """And every family of it is conserved, also where its parts are told of in different statements."""
    rows.set_clock(desk, NOW_AT)
    rows.add_portfolio(desk)
    ledgers = []
    with rows.superuser(desk) as connection:
        for files in ([made.export(*part) for part in parts], [made.export(START, END, END)]):
            connection.execute("begin")
            for content in files:
                import_file(connection, desk.portfolio_id, "operator", content)
            ledgers.append(connection.execute(LEDGER).fetchall())
            unsound = connection.execute(UNSOUND).fetchall()
            connection.execute("rollback")
            assert unsound == []
    assert len(ledgers[1]) >= len(made.rows)
    assert ledgers[0] == ledgers[1]
