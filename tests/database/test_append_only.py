"""What was written stays: append-only tables, and the privileges of every role."""

import os
from pathlib import Path

import pytest
from psycopg import errors

from tests.database import judged, rows
from trading_ops.db.connect import connect
from trading_ops_stack.postgres import ROLES

DESK_ROLES = [role for role in ROLES if role not in ("desk_migrator", "airflow_meta")]
# These change in place on purpose: the clock, which config is active, who may sign in and who has to wait.
MUTABLE_TABLES = {
    "desk.simulated_clock", "desk.config_policy", "desk.universe_versions", "desk.people",
    "desk.sign_in_brakes",
    # It holds no row: it is locked.
    "desk.halt_gate",
}  # fmt: skip


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def append_only_tables(connection) -> list[str]:
    """Name every table that carries both append-only triggers, always enabled."""
    return [
        row["name"]
        for row in connection.execute(
            """
            select format('%s.%s', nspname, relname) as name
            from pg_trigger
            inner join pg_class on pg_class.oid = tgrelid
            inner join pg_namespace on pg_namespace.oid = relnamespace
            where tgname in ('refuse_row_change', 'refuse_truncate') and tgenabled = 'A'
            group by 1 having count(*) = 2 order by 1
            """
        )
    ]


def change_attempts(connection, table: str) -> list[str]:
    """Return an UPDATE, a DELETE and a TRUNCATE of a table that would each change something."""
    schema, name = table.split(".")
    column = connection.execute(
        """
        select column_name from information_schema.columns
        where table_schema = %s and table_name = %s and is_generated = 'NEVER' and is_identity = 'NO'
        order by ordinal_position limit 1
        """,
        (schema, name),
    ).fetchone()["column_name"]
    return [f"update {table} set {column} = {column}", f"delete from {table}", f"truncate {table} cascade"]


def test_every_table_is_append_only_but_the_few_that_are_not(saturday):
    """A new table without the triggers has to be named here first."""
    with rows.superuser(saturday) as connection:
        protected = set(append_only_tables(connection))
        every = {
            row["name"]
            for row in connection.execute(
                "select format('%s.%s', schemaname, tablename) as name from pg_tables where schemaname in ('raw', 'desk')"
            )
        }
    assert len(protected) >= 30
    assert every - protected == MUTABLE_TABLES


@pytest.mark.parametrize("replication_role", ["origin", "replica"])
def test_no_row_of_an_append_only_table_can_be_changed_even_by_a_superuser(saturday, replication_role):
    """Also not in replica mode, which silences ordinary triggers."""
    add_row_to_every_table(saturday)
    with rows.superuser(saturday) as connection:
        connection.execute(f"set session_replication_role = {replication_role}")
        tables = append_only_tables(connection)
        assert len(tables) >= 30
        for table in tables:
            assert connection.execute(f"select 1 from {table} limit 1").fetchone(), (
                f"{table} is empty: proves nothing"
            )
            for attempt in change_attempts(connection, table):
                with pytest.raises(errors.IntegrityConstraintViolation, match="append-only"):
                    connection.execute(attempt)


@pytest.mark.parametrize("role", DESK_ROLES)
def test_no_role_may_even_try(saturday, role):
    """The grants refuse before the triggers have to, for every table of raw and desk."""
    with rows.superuser(saturday) as connection:
        attempts = [
            attempt
            for table in [*append_only_tables(connection), *MUTABLE_TABLES]
            for attempt in change_attempts(connection, table)
        ]
    assert len(attempts) >= 90
    with connect(role, saturday) as connection:
        connection.autocommit = True
        for attempt in attempts:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(attempt)


MANIFEST = Path(__file__).with_name("privileges.txt")


def test_the_privileges_in_the_catalogue_are_the_committed_ones(saturday):
    """
    A grant that nobody reviewed shows as a difference to tests/database/privileges.txt.

    After a migration that means to change it, write it anew and read the diff: WRITE_PRIVILEGES=1
    PYTHONPATH=plugins:. .venv/bin/python -m pytest tests/database/test_append_only.py -k committed
    """
    with rows.superuser(saturday) as connection:
        found = [tuple(row.values()) for row in connection.execute(PRIVILEGES)]
    text = "".join(f"{role:<14} {thing:<55} {rights}\n" for role, thing, rights in found)
    assert len(found) > 100
    if os.environ.get("WRITE_PRIVILEGES"):
        MANIFEST.write_text(text)
    assert text.splitlines() == MANIFEST.read_text().splitlines()


PRIVILEGES = """
with granted as (
    select relacl as acl, 'r'::"char" as kind, relowner as owner, format('%s.%s', nspname, relname) as thing
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in ('raw', 'desk', 'inv') and relkind in ('r', 'v', 'm', 'p')
    union all
    select relacl, 's', relowner, format('sequence %s.%s', nspname, relname)
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in ('raw', 'desk', 'inv') and relkind = 'S'
    union all
    select attacl, 'c', relowner, format('%s.%s (%s)', nspname, relname, attname)
    from pg_attribute inner join pg_class on pg_class.oid = attrelid
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in ('raw', 'desk', 'inv') and attacl is not null
    union all
    select proacl, 'f', proowner, pg_proc.oid::regprocedure::text
    from pg_proc inner join pg_namespace on pg_namespace.oid = pronamespace
    where nspname in ('raw', 'desk', 'inv')
    union all
    select nspacl, 'n', nspowner, 'schema ' || nspname
    from pg_namespace where nspname in ('raw', 'desk', 'inv', 'staging', 'intermediate', 'marts', 'gates', 'audit')
)
select
    coalesce(role.rolname, 'PUBLIC') as role,
    granted.thing,
    string_agg(distinct entry.privilege_type, ' ' order by entry.privilege_type) as rights
from granted
cross join lateral aclexplode(coalesce(granted.acl, acldefault(granted.kind, granted.owner))) as entry
left join pg_roles as role on role.oid = entry.grantee
group by 1, 2
union all
select member.rolname, 'role ' || role.rolname, 'MEMBER'
from pg_auth_members
inner join pg_roles as role on role.oid = roleid
inner join pg_roles as member on member.oid = pg_auth_members.member
where role.rolname like 'desk%' or member.rolname like 'desk%'
union all
select rolname, 'attributes', concat_ws(' ',
    case when rolsuper then 'SUPERUSER' end, case when rolcreatedb then 'CREATEDB' end,
    case when rolcreaterole then 'CREATEROLE' end, case when rolbypassrls then 'BYPASSRLS' end,
    case when rolreplication then 'REPLICATION' end, case when rolcanlogin then 'LOGIN' else 'NOLOGIN' end)
from pg_roles where rolname like 'desk%'
order by 1, 2
"""


def add_row_to_every_table(desk) -> None:
    """Put at least one row into every append-only table, so that changing it means something."""
    judged.add_verdicts(desk, rows.add_run(desk, kind="daily"), "risk")
    ticket_id = rows.add_trade_ticket(desk)
    rows.confirm_line(desk, ticket_id, 1)
    rows.confirm_line(
        desk, ticket_id, 2, "DONE",
        [{"units": "6.25", "price_usd": "100", "value_gbp": "500.00", "executed_at": rows.SATURDAY_AT.isoformat()}],
    )  # fmt: skip
    rows.add_snapshot(desk, rows.SATURDAY_AT)
    with rows.superuser(desk) as connection:
        connection.execute(
            "insert into desk.halts (kind, reason, person) values ('engage', 'earlier', 'operator')"
        )
        connection.execute(_ONE_ROW_EACH, {"digest": "0" * 64})


_ONE_ROW_EACH = """
with run as (select run_id, policy_hash from desk.runs limit 1)
, payload as (
    insert into raw.payloads (load_id, source, file_name, sha256, size_bytes, row_count)
    select load_id, 'simulated', 'ALDR.csv', %(digest)s, 1, 1 from raw.loads limit 1)
, bar as (
    insert into raw.eod_bars (load_id, source, vendor_symbol, session_date, price_basis, open_price, high_price,
        low_price, close_price, volume_units)
    select load_id, 'simulated', 'ALDR', '2026-06-12', 'raw', 1, 1, 1, 1, 1 from raw.loads limit 1)
, result as (
    insert into raw.load_results (load_id, source, vendor_symbol, outcome, rows_new_count, first_written_date)
    select load_id, 'simulated', 'ALDR', 'stored', 1, '2026-06-12' from raw.loads limit 1)
, quarantined as (
    insert into raw.quarantined_rows (load_id, source, vendor_symbol, file_name, line_number, field, reason, row_text)
    select load_id, 'simulated', 'ALDR', 'ALDR.csv', 2, 'close', 'is negative', '-1' from raw.loads limit 1)
, restatement as (
    insert into raw.restatements (load_id, source, vendor_symbol, kind, largest_ratio, bars_count, first_date, last_date)
    select load_id, 'simulated', 'ALDR', 'revised', 0.1, 1, '2026-06-12', '2026-06-12' from raw.loads limit 1)
, session as (
    insert into desk.calendar_sessions (calendar_hash, session_date, open_at, close_at, expected_at)
    values (%(digest)s, '2026-06-12', '2026-06-12 13:30Z', '2026-06-12 20:00Z', '2026-06-13 07:00Z'))
, alias as (
    insert into desk.config_aliases (universe_hash, source, vendor_symbol, internal_symbol, valid_from_date,
        valid_to_date)
    select universe_hash, 'simulated', 'OLDR', 'ALDR', '-infinity', '2020-01-01' from desk.universe_versions limit 1)
, switched as (
    insert into desk.symbol_switches (internal_symbol, is_enabled, reason_code, reason, dedupe_key)
    values ('ALDR', false, 'PERSON', 'drill', 'switch:1'))
, verified as (insert into desk.symbol_verifications (internal_symbol, etoro_search_name, is_offered, person, idempotency_key)
    values ('ALDR', 'Alder', true, 'executor', 'drill'))
, paused as (insert into desk.dag_switches (dag_id, is_paused) values ('weekly_plan', true)), opening as (insert into desk.openings (portfolio_id, opened_at, person, idempotency_key, request_sha256) values ('demo', desk.now(), 'p', 'k', %(digest)s) returning *), opened as (insert into desk.opening_positions select opening_id, 'ALDR', 1, 1 from opening), statement as (insert into desk.statements (portfolio_id, file_sha256, account_name, username, currency, made_at, starts_at, ends_at, rows_count, rows_new_count, person) values ('demo', %(digest)s, 'n', 'u', 'USD', desk.now(), desk.now(), desk.now(), 1, 1, 'p') returning *), told as (insert into desk.statement_rows (portfolio_id, sheet, kind, position_id, happened_at, occurrence, content_sha256, paper, asset, leverage, is_short, isin, amount, cash_delta, raw_cells) values ('demo', 'activity', 'deposit', '', desk.now(), 1, %(digest)s, '', '', 1, false, '', 1, 1, '[]') returning *), said as (insert into desk.statement_contents select statement_id, 'activity', 2, statement_row_id from statement, told), untradable as (insert into desk.untradable_reports (confirmation_id) select min(confirmation_id) from desk.confirmations)
, action as (
    insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)
    select load_id, 'simulated', 'ALDR', '2026-06-12', 'split', 2 from raw.loads limit 1)
, rate as (
    insert into raw.fx_rates (load_id, source, rate_date, base_currency, quote_currency, rate)
    select load_id, 'simulated', '2026-06-12', 'GBP', 'USD', 1.25 from raw.loads limit 1)
, signal as (insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score)
    select run_id, 'momentum_12_1', 'ALDR', 1, 1 from run)
, registered as (
    insert into desk.model_registry (model_version, run_id, as_of_date, train_start_date, train_end_date,
        valid_start_date, valid_end_date, test_start_date, test_end_date, label, horizon_sessions, features, features_hash,
        params, seed, versions, git_commit, dataset_sha256, workflow_sha256, metrics, backtest_metrics)
    select %(digest)s, run_id, '2026-06-12', '2020-01-02', '2022-12-30', '2023-02-01', '2023-12-29', '2024-02-01',
        '2026-06-12', 'l', 5, '[]', encode(sha256('[]'), 'hex'), '{}', 7, '{}', 'c', %(digest)s, %(digest)s, '{}', '{}' from run
    returning model_version)
, candidate as (insert into desk.model_states (model_version, state, person, reason)
    select model_version, 'CANDIDATE', 'operator', 'drill' from registered)
, target as (
    insert into desk.portfolio_targets (run_id, internal_symbol, target_weight_ratio, target_value_gbp, held_units, held_value_gbp, binding_constraint)
    select run_id, 'ALDR', 0.1, 1, 0, 0, 'selected' from run)
, checked as (insert into desk.risk_checks (run_id, check_name, is_clear, reason, fix) select run_id, 'turnover', true, '', '' from run)
, reviewed as (insert into desk.drawdown_reviews overriding system value select 0, run_id, 'demo', '2026-06-12', 1, 1, 'p', 'r', true from run)
, split as (
    insert into desk.split_findings (portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason, run_id)
    select 'demo', 'ALDR', '2026-06-12', 'believed', 2, 1, 'r', run_id from run)
, event as (insert into desk.ledger_events (portfolio_id, kind, happened_at, notes, person, persons_min, idempotency_key, request_sha256) values ('demo', 'trade', desk.now(), 'n', 'p', 1, 'event', %(digest)s) returning event_id), leg as (insert into desk.ledger_event_legs (event_id, leg_number, internal_symbol, units_delta, cash_gbp) select event_id, 1, 'ALDR', 1, -1 from event), stood as (insert into desk.ledger_event_approvals select event_id, 'q' from event)
, movement as (
    insert into desk.ledger_cash_movements (portfolio_id, kind, amount_gbp, occurred_at, person, idempotency_key, request_sha256)
    values ('demo', 'deposit', 1, desk.now(), 'operator', 'cash-1', %(digest)s))
, held as (
    insert into desk.broker_snapshot_positions (snapshot_id, broker_symbol, units)
    select snapshot_id, 'BRCH', 6.25 from desk.broker_snapshots limit 1)
, drift as (insert into desk.drift_cases (snapshot_id, subject, expected_value, observed_value)
    select snapshot_id, 'CASH', 1, 2 from desk.broker_snapshots limit 1), found as (insert into desk.fill_findings (run_id, fill_id, low_usd, high_usd, is_price_in_range, is_in_session, is_in_window) select run_id, min(fill_id), 1, 2, true, true, true from run, desk.ledger_trades_fills group by run_id)
, mail as (insert into desk.outbox (dedupe_key, kind, recipient, subject, body_text)
    values ('alert:1', 'alert', 'operator@trading-ops.example', 's', 'b') returning mail_id)
, clock as (insert into desk.clock_readings (run_id, database_offset_ms) select run_id, 0 from run)
, incident as (insert into desk.incidents (code, dedupe_key, detail) values ('STEP_FAILED', 'STEP_FAILED:step', 'd') returning incident_id)
, noted as (insert into desk.incident_events select incident_id, 'closed', 'operator', 'r' from incident), beat as (insert into desk.heartbeats (component) values ('weekly_plan'))
, test_ticket as (insert into desk.test_tickets values ('TEST-00000000', 'demo') returning *)
, tested as (insert into desk.test_confirmations select test_ticket_id, 'operator', '{}' from test_ticket)
, absence as (insert into desk.absences (person, first_date, last_date) values ('p', now(), now()) returning *), called_off as (insert into desk.absence_cancellations select absence_id from absence)
, requested as (insert into desk.plan_requests select min(ticket_id), 'operator' from desk.tickets returning *), started as (insert into desk.plan_starts select ticket_id, 'again' from requested), imported as (insert into desk.fill_imports (portfolio_id, source, file_name, file_sha256, fills_count, person, idempotency_key, request_sha256) values ('demo', 'hummingbot_csv', 'f', %(digest)s, 1, 'p', 'k', %(digest)s) returning *), filled as (insert into desk.imported_fills (portfolio_id, market, order_id, exchange_trade_id, base_asset, quote_asset, side, executed_at, price, amount, kept_as, fees, import_id) select 'demo', 'm', 'o', 't', 'BTC', 'USDT', 'BUY', '2026-06-01', 2, 1, 'text', '[]', import_id from imported), audited as (insert into desk.audit_log (action, subject) values ('a', 's'))
, released as (insert into desk.release_approvals select min(halt_id), 'operator', 'r' from desk.halts)
, halted as (insert into desk.halts (kind, reason, person) values ('engage', 'drill', 'operator'))
insert into desk.outbox_deliveries (mail_id, attempt_number, status, detail) select mail_id, 1, 'sent', '' from mail
"""
