"""What lies in the way of a table: half of an earlier build, somebody's view; none stays red for ever."""

from tests.dbt import small_desk
from tests.dbt.small_desk import RUN_ID
from trading_ops.db.connect import connect

MODEL = "staging.stg_desk__halts"
IN_THE_WAY = {
    "nothing": "select",
    "half of an earlier build": f"create table {MODEL}__dbt_tmp (n int)",
    "half of one that made a view": f"create view {MODEL}__dbt_tmp as select 1 as n",
    "a view on the table": f"create view marts.somebodys as select * from {MODEL}",
    "a view instead of it": f"drop table {MODEL}; create view {MODEL} as select 1 as n",
    "a kept view, with one on it": f"""
        drop table {MODEL}; create materialized view {MODEL} as select 1 as n;
        create view marts.somebodys as select * from {MODEL}
    """,
}


def test_a_table_is_built_again_whatever_lies_in_its_way(desk, tmp_path):
    """As dbt's own materialisation does: it is dropped by its kind, with what stands on it."""
    small_desk.fill(desk)
    for case, statements in IN_THE_WAY.items():
        with connect("desk_dbt", desk) as connection:
            connection.execute(statements)
        done = small_desk.run_dbt(desk, tmp_path, "run", "--select", "+stg_desk__halts", run_id=RUN_ID)
        assert done.returncode == 0, f"{case}: {done.stdout[-3000:]}"
        found = small_desk.rows(
            desk,
            """
            select relname, relkind::text from pg_class
            where relname in ('stg_desk__halts', 'stg_desk__halts__dbt_tmp', 'somebodys')
            """,
        )
        assert found == [{"relname": "stg_desk__halts", "relkind": "r"}], case
