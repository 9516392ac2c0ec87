"""
Two books in one database: which rows are a book's own, by the catalogue, and other books made of the first.

A row is a book's own when it must belong to a run or a portfolio: what the not-null foreign keys lead to,
and the views over it. A twin is every such row again under other names, so a new table needs no word here.
"""

import re
from datetime import timedelta
from typing import Any

import psycopg
import yaml
from psycopg import sql

from tests.database import rows
from tests.database.test_append_only import add_row_to_every_table
from trading_ops.settings import PROJECT_ROOT, Settings

# A run makes a model and trades by it, and so may any other: a model is the desk's.
DESK_WIDE = {"desk.model_registry", "desk.model_states"}
# What leads to one book, and where its names are.
KEYS = {
    "portfolio_id": "desk.portfolios",
    "run_id": "desk.runs",
    "ticket_id": "desk.tickets",
    "test_ticket_id": "desk.test_tickets",
    "confirmation_id": "desk.confirmations",
    "fill_id": "desk.ledger_trades_fills",
    "movement_id": "desk.ledger_cash_movements",
    "opening_id": "desk.openings",
    "import_id": "desk.fill_imports",
    "imported_fill_id": "desk.imported_fills",
    "event_id": "desk.ledger_events",
    "snapshot_id": "desk.broker_snapshots",
    "statement_id": "desk.statements",
    "statement_row_id": "desk.statement_rows",
    "incident_id": "desk.incidents",
    "mail_id": "desk.outbox",
}
# Each letter and digit of a name becomes the next one or the one before, so that it stays a name of its kind.
NAMES, LATER, EARLIER = "abcdef0123456789", "bcdefa1234567890", "fabcde9012345678"
MARTS = PROJECT_ROOT / "dbt_project/models/marts"


# What may belong to a run or a ticket, and need not.
DESKS_OWN = {"desk.incidents", "desk.outbox"}

MODEL = "0" * 64
# Of each run targets, a check, an incident; scores of a model, a ticket with a disputed line, and mail.
MORE_ROWS = """
insert into desk.portfolio_targets (
    run_id, internal_symbol, target_weight_ratio, target_value_gbp, held_units, held_value_gbp, binding_constraint
)
select run_id, 'ALDR', 0.1, 1, 0, 0, 'selected' from desk.runs on conflict do nothing;

insert into desk.signals_ranked (
    run_id, method, internal_symbol, signal_rank, score, ts, horizon_sessions, side, prob, ev, model_version, config_hash
)
select run_id, 'qlib', 'ALDR', 1, 1, frozen_at, 5, 'LONG', 1, 1, model_version, config_hash
from desk.runs where model_version is not null;

insert into desk.risk_checks (run_id, check_name, is_clear, reason, fix) select run_id, 'turnover', true, '', '' from desk.runs on conflict do nothing;

insert into desk.incidents (code, dedupe_key, run_id, detail) select 'STEP_FAILED', 'STEP_FAILED:' || run_id, run_id, 'd' from desk.runs;

insert into desk.tickets (
    ticket_id, run_id, portfolio_id, plan_week, kind, reasons, body_json, body_markdown, content_sha256, window_open_at,
    window_close_at, deadline_at, issued_at, orders_sha256
)
select
    'demo-2026-W26-2', run.run_id, run.portfolio_id, run.plan_week, ticket.kind, ticket.reasons, ticket.body_json,
    ticket.body_markdown, ticket.content_sha256, run.window_open_at, run.window_close_at, run.deadline_at,
    ticket.issued_at, ticket.orders_sha256
from desk.tickets as ticket
inner join desk.runs as run on run.attempt_number = 2;

insert into desk.plan_requests (ticket_id, person) values ('demo-2026-W26-2', 'operator');

insert into desk.ticket_lines (ticket_id, line_number, run_id, etoro_search_name, order_type, universe_hash, internal_symbol) select 'demo-2026-W26-2', 1, run.run_id, 'Alder', 'MARKET', run.universe_hash, 'ALDR'
from desk.runs as run where run.attempt_number = 2;

insert into desk.ledger_trades_intended select run_id, 1, 'ALDR', 'BUY', 500, 6.25, false, 100, 103, 1.25 from desk.runs where attempt_number = 2 on conflict do nothing;
with told as (insert into desk.statement_rows (portfolio_id, sheet, kind, position_id, happened_at, occurrence, content_sha256, paper, asset, leverage, is_short, isin, cash_delta, units, raw_cells)
    select 'demo', 'activity', kind, '1', desk.now(), 1, repeat(digit, 64), 'ALDR/USD', 'cfd', 1, false, '', 1, 1, '[]' from (values ('opened', '1'), ('dividend', '2')) as booked (kind, digit) returning statement_row_id)
insert into desk.statement_contents select statement_id, 'activity', 10 + statement_row_id, statement_row_id from told cross join desk.statements;

insert into desk.outbox (dedupe_key, kind, ticket_id, recipient, subject, body_text) select 'ticket:' || ticket_id, 'ticket', ticket_id, 'executor@trading-ops.example', 's', 'b' from desk.tickets;
"""


def fill(desk: Settings) -> str:
    """Write a book with a row in every table, and more; return its newest plan, which is under way."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    add_row_to_every_table(desk)
    rows.add_plan_run(desk, weeks=1, attempt=2)
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=6))
    run_id = rows.add_plan_run(desk, weeks=1, model_version=MODEL, signal_method="qlib")
    with rows.superuser(desk) as connection:
        open_tables(connection, own_tables(connection) | DESKS_OWN)
        connection.execute(MORE_ROWS)
    return run_id


def own_tables(connection: psycopg.Connection) -> set[str]:
    """Return the tables of `desk` in which every row belongs to one portfolio."""
    keys = connection.execute(
        """
        select conrelid::regclass::text as of_table, confrelid::regclass::text as to_table
        from pg_constraint
        where contype = 'f' and not exists (
            select from pg_attribute
            where attrelid = conrelid and attnum = any(conkey) and not attnotnull
        )
        """
    ).fetchall()
    found = {"desk.portfolios"}
    while more := {key["of_table"] for key in keys if key["to_table"] in found} - found - DESK_WIDE:
        found |= more
    assert len(found) >= 20
    return found


def own_views(connection: psycopg.Connection, tables: set[str]) -> set[str]:
    """Return the views of `desk` that read such a table, or another such view."""
    views = connection.execute(
        "select schemaname || '.' || viewname as name, definition from pg_views where schemaname = 'desk'"
    ).fetchall()
    found: set[str] = set()
    while more := {view["name"] for view in views if reads(view["definition"], tables | found)} - found:
        found |= more
    assert len(found) >= 5
    return found


def reads(text: str, relations: set[str]) -> bool:
    """Whether SQL names one of some relations or functions."""
    return bool({name for name in re.findall(r"\b(?:desk|marts)\.\w+", text)} & relations)


def make_marts(connection: psycopg.Connection) -> set[str]:
    """Make dbt's marts by the columns they promise, a row for each run; return those of one run at a time."""
    found = set()
    for path in sorted(MARTS.glob("*/_*__models.yml")):
        for model in yaml.safe_load(path.read_text())["models"]:
            kinds = {column["name"]: column["data_type"] for column in model["columns"]}
            table = sql.Identifier("marts", model["name"])
            columns = [sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in kinds.items()]
            connection.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(columns)))
            values = [sql.SQL(NAMED.get(name) or TYPED[kind]) for name, kind in kinds.items()]
            connection.execute(
                sql.SQL("insert into {} select {} from desk.runs as run").format(
                    table, sql.SQL(", ").join(values)
                )
            )
            if "run_id" in kinds:
                found.add(f"marts.{model['name']}")
    assert len(found) >= 10
    return found


# What stands in a column of a mart, by its name or else by its type.
NAMED = {
    "run_id": "run.run_id",
    "ranking_run_id": "run.run_id",
    "portfolio_id": "run.portfolio_id",
    "internal_symbol": "'ALDR'",
    "model_version": "repeat('0', 64)",
    "is_within_tolerance": "false",
}
TYPED = {
    "date": "run.as_of_date",
    "boolean": "true",
    "timestamptz": "run.frozen_at",
    "numeric": "1",
    "integer": "1",
    "bigint": "1",
    "text": "'x'",
}


def open_tables(connection: psycopg.Connection, tables: set[str]) -> None:
    """Let a superuser write into tables whatever their triggers and foreign keys say."""
    for table in sorted(tables):
        name = sql.Identifier(*table.split("."))
        connection.execute(sql.SQL("alter table {} disable trigger all").format(name))


def add_twins(connection: psycopg.Connection, tables: set[str]) -> None:
    """
    Write every row of the one book again as two other books', a week later and a week earlier.

    Past the triggers (`open_tables`): these are rows, not events.
    """
    for table in sorted(tables):
        columns = connection.execute(_COLUMNS, (table,)).fetchall()
        # What may belong to no book, as a mail does, is another's only where a row says so.
        keys = [
            sql.Identifier(column["name"])
            for column in columns
            if _leads_to_a_book(column["name"]) and not column["is_identity"]
        ]
        connection.execute(
            sql.SQL(
                "insert into {table} ({names}) overriding system value select {values}"
                " from {table} cross join (values (1), (-1)) as twin (step) where num_nonnulls({keys}) > 0"
            ).format(
                table=sql.Identifier(*table.split(".")),
                names=sql.SQL(", ").join(sql.Identifier(column["name"]) for column in columns),
                values=sql.SQL(", ").join(map(_twin_of, columns)),
                keys=sql.SQL(", ").join(keys),
            )
        )


# A column holds names when it leads to a book, or is unique by itself.
_COLUMNS = """
select
    attname as name, format_type(atttypid, null) as kind,
    attidentity <> '' as is_identity, attidentity <> '' or exists (
        select from pg_constraint
        where conrelid = attrelid and contype in ('p', 'u') and conkey = array[attnum]
    ) as is_name
from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''
order by attnum
"""


def _leads_to_a_book(column: str) -> bool:
    # A data snapshot is the desk's: the loads up to a number.
    return column.endswith(tuple(KEYS)) and column != "data_snapshot_id"


def _twin_of(column: dict[str, Any]) -> sql.Composable:
    """Return a column's value in a twin's row: another name, another time, or the same."""
    name, kind = sql.Identifier(column["name"]), column["kind"]
    if kind == "timestamp with time zone":
        return sql.SQL("{} + make_interval(weeks => step)").format(name)
    if kind == "date":
        return sql.SQL("{} + 7 * step").format(name)
    if not column["is_name"] and not _leads_to_a_book(column["name"]):
        return name
    if kind == "bigint":
        return sql.SQL("{} + 1000000 * step").format(name)
    if not _leads_to_a_book(column["name"]):
        return sql.SQL("{} || step").format(name)
    return sql.SQL("translate({}, {}, case step when 1 then {} else {} end)").format(
        name, NAMES, LATER, EARLIER
    )
