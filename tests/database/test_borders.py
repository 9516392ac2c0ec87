"""Nobody runs what a lesser role defines: what dbt made crosses into the desk as rows."""

import re

import psycopg
import pytest

from tests.database import judged, rows
from tests.database.planning import build_marts, freeze_plan, on_saturday, sized
from trading_ops.db.connect import connect

DBT_SCHEMAS = ("staging", "intermediate", "marts", "gates", "audit")
LOGIN_ROLES = (
    "desk_migrator", "desk_loader", "desk_dbt", "desk_planner", "desk_app", "desk_mailer", "desk_reader",
    "desk_backup", "airflow_meta",
)  # fmt: skip

# What desk_dbt tried: code of its own, run by whoever reads a relation of its schemas.
TRAP = """
create table {schema}.caught (caught_role text);
grant insert on {schema}.caught to public;
grant usage on schema {schema} to public;
create function {schema}.spring() returns numeric language plpgsql as $$
begin
    insert into {schema}.caught values (current_user);
    return 1;
end $$;
"""


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def caught(desk, schema: str) -> set[str]:
    """The roles that ran dbt's code."""
    with rows.superuser(desk) as connection:
        return {row["caught_role"] for row in connection.execute(f"select * from {schema}.caught")}


def test_verdicts_replaced_by_a_view_do_not_run_as_the_owner(saturday):
    """The gate is judged on rows dbt handed over; its relation is not looked at."""
    run_id = rows.add_plan_run(saturday)
    with connect("desk_dbt", saturday) as connection:
        connection.execute(TRAP.format(schema="gates"))
        connection.execute(
            f"""
            create view gates.gate_verdicts as
            select '{run_id}' as run_id, gate, check_name, gates.spring() as observed_value, 1 as limit_value,
                true as is_clear, 'clear' as reason, '' as fix
            from desk.required_checks
            """
        )
        connection.execute("grant select on gates.gate_verdicts to public")
    assert judged.judge(saturday, run_id, "risk")["status"] == "FAIL"
    assert caught(saturday, "gates") == set()


TRAPS = {
    "ledger_cash": "alter table marts.{mart} rename to kept; create view marts.{mart} as"
    " select * from marts.kept where marts.spring() = 1; grant select on marts.{mart} to public",
    "reference_prices": "alter table marts.{mart} enable row level security, force row level security;"
    " create policy trap on marts.{mart} using (marts.spring() = 1)",
    "signals_momentum": "alter table marts.{mart} enable row level security, force row level security;"
    " create policy trap on marts.{mart} using (marts.spring() = 1)",
}


def test_a_mart_made_a_trap_does_not_run_as_the_planner(desk):
    """A view or a policy of dbt's runs as the one role that can change nothing."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    with connect("desk_dbt", desk) as connection:
        connection.execute(TRAP.format(schema="marts"))
        for mart, trap in TRAPS.items():
            connection.execute(trap.format(mart=mart))
    sized(desk, run)
    assert caught(desk, "marts") == {"desk_reader"}


def test_no_role_but_the_reader_reads_what_dbt_made(saturday):
    """Not even the names of the schemas are usable to it."""
    with connect("desk_dbt", saturday) as connection:
        connection.execute("create table marts.open (x int); grant select on marts.open to public")
    for role in ("desk_loader", "desk_planner", "desk_app", "desk_mailer", "desk_backup"):
        with connect(role, saturday) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from marts.open")


def test_the_reader_can_change_nothing(saturday):
    """What dbt's code can do as desk_reader is to read: no table, no function that writes, no schema."""
    with rows.superuser(saturday) as connection:
        writable = connection.execute(
            """
            select format('%s.%s', nspname, relname) as thing
            from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
            where nspname !~ '^pg_' and nspname <> 'information_schema' and relkind in ('r', 'p', 'v', 'm', 'S')
                and (
                    has_table_privilege('desk_reader', pg_class.oid, 'insert, update, delete, truncate, trigger')
                    or relkind = 'S' and has_sequence_privilege('desk_reader', pg_class.oid, 'usage, update')
                )
            union all
            select nspname from pg_namespace
            where nspname !~ '^pg_' and has_schema_privilege('desk_reader', pg_namespace.oid, 'create')
            """
        ).fetchall()
        functions = connection.execute(
            """
            select pg_proc.oid::regprocedure::text as name
            from pg_proc
            where pronamespace = 'desk'::regnamespace and has_function_privilege('desk_reader', pg_proc.oid, 'execute')
            """
        ).fetchall()
    assert writable == []
    assert {row["name"] for row in functions} == {
        "desk.now()", "desk.is_halted()", "desk.is_incident_over(bigint)", "desk.is_live_run(text)",
        "desk.mail_objection(text,jsonb)", "desk.drift_hypotheses(text)", "desk.expected_dividends(text)",
        "desk.entries_known(text,timestamp with time zone,timestamp with time zone)", "desk.is_announced(numeric,numeric)",
        "desk.lots_known(text,timestamp with time zone,timestamp with time zone)",
        "desk.names_of(text)", "desk.product(numeric)",
    }  # fmt: skip


def test_where_each_role_may_create_something(saturday):
    """Where somebody may create, no other role looks; in dbt's five schemas only desk_reader."""
    with rows.superuser(saturday) as connection:
        may_create = connection.execute(
            """
            select rolname, nspname
            from pg_roles cross join pg_namespace
            where rolname = any(%s) and nspname !~ '^pg_' and has_schema_privilege(rolname, pg_namespace.oid, 'create')
            """,
            (list(LOGIN_ROLES),),
        ).fetchall()
        in_database = connection.execute(
            "select rolname from pg_roles where rolname = any(%s)"
            " and has_database_privilege(rolname, current_database(), 'create')",
            (list(LOGIN_ROLES),),
        ).fetchall()
        used = connection.execute(
            """
            select distinct rolname
            from pg_roles cross join pg_namespace
            where rolname = any(%s) and nspname = any(%s) and has_schema_privilege(rolname, pg_namespace.oid, 'usage')
            """,
            (list(LOGIN_ROLES), list(DBT_SCHEMAS)),
        ).fetchall()
    assert {(row["rolname"], row["nspname"]) for row in may_create} == {
        ("desk_dbt", name) for name in DBT_SCHEMAS
    }
    assert in_database == []
    assert {row["rolname"] for row in used} == {"desk_dbt", "desk_reader"}


def test_no_privileged_code_names_a_relation_of_dbts(saturday):
    """Functions, views, policies and defaults of the owner, and every function that runs as its definer."""
    with rows.superuser(saturday) as connection:
        texts = connection.execute(
            """
            select oid::regprocedure::text as name, pg_get_functiondef(oid) as body
            from pg_proc where pronamespace in ('desk'::regnamespace, 'raw'::regnamespace, 'inv'::regnamespace)
                and prokind in ('f', 'p')
            union all
            select viewname, definition from pg_views where schemaname in ('desk', 'raw', 'inv')
            union all
            select adrelid::regclass::text, pg_get_expr(adbin, adrelid) from pg_attrdef
            union all
            select conname, pg_get_constraintdef(oid) from pg_constraint
                where connamespace in ('desk'::regnamespace, 'raw'::regnamespace)
            union all
            select polname, pg_get_expr(polqual, polrelid) from pg_policy
            """
        ).fetchall()
        definers = connection.execute(
            """
            select pg_proc.oid::regprocedure::text as name, rolname, nspname, coalesce(proconfig, '{}') as settings
            from pg_proc
            inner join pg_namespace on pg_namespace.oid = pronamespace
            inner join pg_roles on pg_roles.oid = proowner
            where prosecdef and nspname !~ '^pg_'
            """
        ).fetchall()
    assert len(texts) > 100 and len(definers) > 15
    named = re.compile(rf"\\b({'|'.join(DBT_SCHEMAS)})\\.\\w")
    assert [row["name"] for row in texts if named.search(row["body"] or "")] == []
    paths = {row["name"]: row["settings"] for row in definers}
    assert {row["nspname"] for row in definers} == {"desk"}
    assert {row["rolname"] for row in definers} == {"desk_owner"}
    # A session's own temporary tables are looked at last, so they hide nothing of the desk.
    assert [n for n, s in paths.items() if "search_path=pg_catalog, desk, pg_temp" not in s] == []


def test_a_verdict_of_a_judged_gate_is_refused(saturday):
    """What was judged is what stands there."""
    run_id = rows.add_plan_run(saturday)
    judged.judge(saturday, run_id, "risk")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation) as refused:
        judged.add_verdicts(saturday, run_id, "risk")
    assert refused.value.diag.constraint_name == "verdicts_before_judgement"


def test_a_check_without_a_verdict_is_a_fail(saturday):
    """Nothing handed over, nothing clear."""
    run_id = rows.add_plan_run(saturday)
    checks = judged.judge(saturday, run_id, "reconciliation")
    assert checks.pop("status") == "FAIL"
    assert {check["has_verdict"] for check in checks.values()} == {False}
