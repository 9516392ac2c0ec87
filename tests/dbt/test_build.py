"""One full build of a small desk: everything is built, every unit test passes, every verdict is clear."""

import json

from tests.dbt import small_desk
from tests.dbt.small_desk import RUN_ID


def test_a_small_desk_builds_green(built):
    """Models, unit tests and data tests all end well, the enforcing one included."""
    assert built.build.returncode == 0, built.build.stdout[-6000:]
    results = json.loads((built.target / "run_results.json").read_text())["results"]
    counts: dict[str, int] = {}
    for result in results:
        kind = result["unique_id"].split(".")[0]
        counts[kind] = counts.get(kind, 0) + 1
    assert counts["unit_test"] >= 3 * 26
    assert counts["model"] >= 70
    ended = {result["status"] for result in results if not result["unique_id"].startswith("exposure.")}
    assert ended == {"success", "pass"}
    assert any("assert_every_verdict_is_clear" in result["unique_id"] for result in results)


def test_a_build_costs_no_connection_and_no_copy_of_the_project_a_node(built):
    """A run keeps its results, and what dbt made of the project lies once beside the server."""
    files = {path.name for path in built.target.iterdir() if path.is_file()}
    assert files == {"dbt.log", "graph_summary.json", "run_results.json"}
    [found] = small_desk.rows(
        built.desk, "select sessions from pg_stat_database where datname = current_database()"
    )
    # It was some 435 with a connection for each node; other tests of the desk open one each.
    assert found["sessions"] < 120


def test_the_docs_open_on_the_desks_own_words(built):
    """Not on dbt's."""
    docs = small_desk.manifest(built.desk)["docs"]
    [overview] = [doc for name, doc in docs.items() if name == "doc.trading_ops.__overview__"]
    assert overview["block_contents"].strip().startswith("# The desk's figures")


def test_every_gate_passes_on_a_sound_desk(built):
    """The database reads the verdicts dbt left and finds all four gates clear."""
    for gate in ("data_quality", "confirmation", "reconciliation", "risk"):
        status, checks = small_desk.judge(built.desk, RUN_ID, gate)
        assert status == "PASS", checks


def test_the_marts_hold_the_small_desk(built):
    """Prices, cash and equity are the figures written by hand."""
    prices = small_desk.rows(
        built.desk,
        "select session_date, as_traded_close_usd from marts.market_prices_eod"
        " where internal_symbol = 'ALDR' order by session_date",
    )
    assert [row["as_traded_close_usd"] for row in prices] == [100, 101, 102]
    equity = small_desk.rows(built.desk, "select * from marts.equity_daily order by session_date")
    assert [row["session_date"] for row in equity] == list(small_desk.SESSIONS)
    assert {(row["equity_gbp"], row["growth_index"], row["drawdown_ratio"]) for row in equity} == {
        (1000, 1, 0)
    }


def test_no_model_keeps_money_in_floats(built):
    """A float in a mart or verdict would come back as a penny that is not there."""
    floats = small_desk.rows(
        built.desk,
        """
        select attrelid::regclass::text as relation, attname
        from pg_attribute
        where attrelid::regclass::text ~ '^(staging|intermediate|marts|gates)\\.'
            and atttypid in ('float4'::regtype, 'float8'::regtype)
        """,
    )
    assert floats == []


def test_the_planner_knows_every_table_others_are_built_from(built):
    """Half a million bars taken for a handful made one comparison take minutes instead of a second."""
    unknown = small_desk.rows(
        built.desk,
        """
        select oid::regclass::text as relation
        from pg_class
        where relnamespace in ('staging'::regnamespace, 'intermediate'::regnamespace)
            and relkind = 'r'
            and reltuples < 0
        """,
    )
    assert unknown == []


def test_every_model_and_column_is_described(built):
    """
    What Postgres has, the documentation explains: no column without a sentence, no sentence without a column.
    """
    nodes = small_desk.manifest(built.desk)["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    assert len(models) >= 70
    for model in models:
        assert model["description"], f"{model['name']} has no description"
        described = {name for name, column in model["columns"].items() if column["description"]}
        found = small_desk.rows(
            built.desk,
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            f"{model['schema']}.{model['name']}",
        )
        assert described == {row["attname"] for row in found}, model["name"]


def test_the_reader_may_read_every_mart_and_nobody_else(built):
    """A table is replaced at each build; its one grant must come back with it."""
    readers = small_desk.rows(
        built.desk,
        """
        select relation.oid::regclass::text as relation, array_agg(rolname::text order by rolname) as readers
        from pg_class as relation
        cross join pg_roles
        where relation.relkind = 'r'
            and relation.relnamespace in ('marts'::regnamespace, 'gates'::regnamespace)
            and starts_with(rolname, 'desk') and rolname <> 'desk_dbt'
            and has_table_privilege(rolname, relation.oid, 'select')
        group by relation.oid
        """,
    )
    assert len(readers) > 40 and all(row["readers"] == ["desk_reader"] for row in readers)


def test_the_documentation_is_one_page_that_opens_offline(built):
    """`dbt docs generate --static` writes the page that `make docs` and Airflow show."""
    done = small_desk.run_dbt(built.desk, built.target, "docs generate", "--static")
    assert done.returncode == 0, done.stdout[-3000:]
    page = (built.target / "static_index.html").read_text()
    assert "gate_data_quality_coverage" in page
    assert "The one ticket of a plan run" in page
