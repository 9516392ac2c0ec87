"""The lock on a TRADE ticket, by raw SQL: what Python would never send, Postgres refuses anyway."""

import threading

import pytest
from psycopg import errors

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.ops import halt
from trading_ops_stack.postgres import ROLES

DESK_ROLES = [role for role in ROLES if role not in ("desk_migrator", "airflow_meta")]


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def insert_as(desk, role: str, row: dict, line_numbers=(1, 2)) -> None:
    """Insert a ticket with its lines as a role and commit."""
    with connect(role, desk) as connection:
        rows.insert_ticket(connection, row, line_numbers)


def trade_count(desk) -> int:
    """Count committed TRADE tickets."""
    with connect("desk_reader", desk) as connection:
        return connection.execute("select count(*) as n from desk.tickets where kind = 'TRADE'").fetchone()[
            "n"
        ]


def test_a_run_with_every_gate_passed_and_approved_can_trade(saturday):
    """The lock opens for the one right key; without this the refusals below would prove nothing."""
    insert_as(saturday, "desk_planner", rows.ticket_row(saturday, rows.add_approved_run(saturday)))
    assert trade_count(saturday) == 1


@pytest.mark.parametrize("gate", rows.GATES)
@pytest.mark.parametrize("verdict", ["FAIL", "missing"])
def test_one_gate_that_failed_or_is_missing_refuses_a_trade(saturday, gate, verdict):
    """Three gates of four are not enough, whoever inserts, the superuser included."""
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    rows.decide(saturday, run_id)
    for other in rows.GATES:
        if other != gate:
            rows.pass_gate(saturday, run_id, other)
    if verdict == "FAIL":
        check = {
            "data_quality": "coverage",
            "confirmation": "previous_ticket_confirmed",
            "reconciliation": "cash_matches",
            "risk": "turnover",
        }[gate]
        rows.fail_gate(saturday, run_id, gate, check, "because", "mend it")
    with pytest.raises(errors.ForeignKeyViolation, match=gate):
        insert_as(saturday, "desk_planner", rows.ticket_row(saturday, run_id), [1])
    with (
        rows.superuser(saturday) as connection,
        pytest.raises(errors.ForeignKeyViolation, match=f"tickets_run_id_gate_{gate}_need_fkey"),
    ):
        rows.insert_ticket(connection, rows.ticket_row(saturday, run_id))


def test_gates_passed_for_another_run_do_not_count(saturday):
    """Last attempt's PASS is not this attempt's PASS."""
    rows.add_approved_run(saturday)
    run_id = rows.add_plan_run(saturday, attempt=2)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    rows.decide(saturday, run_id)
    with pytest.raises(errors.ForeignKeyViolation, match="tickets_run_id_gate_data_quality_need_fkey"):
        insert_as(saturday, "desk_planner", rows.ticket_row(saturday, run_id), [1])


@pytest.mark.parametrize("reasons", [None, ["turnover too high"]], ids=["missing", "refused"])
def test_a_decision_that_is_missing_or_refused_refuses_a_trade(saturday, reasons):
    """Passed gates alone are not an approval."""
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    rows.pass_all_gates(saturday, run_id)
    if reasons:
        rows.decide(saturday, run_id, reasons)
    with pytest.raises(errors.ForeignKeyViolation, match="need_approval"):
        insert_as(saturday, "desk_planner", rows.ticket_row(saturday, run_id), [1])


def test_a_run_has_one_ticket(saturday):
    """Under another name or of another kind, the second one is refused."""
    run_id = rows.add_approved_run(saturday)
    insert_as(saturday, "desk_planner", rows.ticket_row(saturday, run_id))
    for kind in ("TRADE", "NO-TRADE"):
        with pytest.raises(errors.UniqueViolation, match="tickets_run_id_key"):
            insert_as(
                saturday, "desk_planner", rows.ticket_row(saturday, run_id, kind, ticket_id="another"), ()
            )


def test_a_week_has_one_trade_ticket(saturday):
    """A second approved attempt in the same week cannot double the orders."""
    rows.add_trade_ticket(saturday)
    again = rows.ticket_row(saturday, rows.add_approved_run(saturday, attempt=2))
    with pytest.raises(errors.UniqueViolation, match="one_trade_ticket_per_week"):
        insert_as(saturday, "desk_planner", again)


@pytest.mark.parametrize(
    ("refusal", "change"),
    [
        (errors.CheckViolation, {"content_sha256": "0" * 64}),
        (errors.CheckViolation, {"kind": "MAYBE"}),
        (errors.CheckViolation, {"kind": "NO-TRADE", "reasons": "[]"}),
        (errors.CheckViolation, {"deadline_at": rows.WINDOW_OPEN_AT}),
        (errors.GeneratedAlways, {"need": None}),
        (errors.GeneratedAlways, {"gate_risk": "data_quality"}),
        (errors.ForeignKeyViolation, {"run_id": "20260612-999999Z-git0123456"}),
    ],
    ids=["hash", "kind", "no reasons", "deadline", "need", "gate column", "unknown run"],
)
def test_a_ticket_that_contradicts_itself_is_refused(saturday, refusal, change):
    """The content hash, the kind, the window and the columns behind the lock cannot be made up."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday)) | change
    with pytest.raises(refusal):
        insert_as(saturday, "desk_planner", row, ())


def test_a_trade_is_refused_once_its_window_has_closed(saturday):
    """Orders that can no longer be executed in time are not written."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    rows.set_clock(saturday, rows.WINDOW_CLOSE_AT)
    with pytest.raises(errors.CheckViolation, match="tickets_check4"):
        insert_as(saturday, "desk_planner", row)


@pytest.mark.parametrize("line_numbers", [(), (1,)], ids=["no line", "one of two lines"])
def test_a_trade_without_all_its_lines_is_refused_at_commit(saturday, line_numbers):
    """Half a list of orders is worse than none."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    with pytest.raises(errors.IntegrityConstraintViolation, match="must carry a line"):
        insert_as(saturday, "desk_planner", row, line_numbers)
    assert trade_count(saturday) == 0


def test_a_line_needs_a_trade_ticket_and_an_intended_trade(saturday):
    """No order on a NO-TRADE, and none that the sizing did not write."""
    run_id = rows.add_approved_run(saturday)
    no_trade = rows.ticket_row(saturday, run_id, "NO-TRADE")
    with pytest.raises(errors.ForeignKeyViolation, match="ticket_lines_ticket_id_ticket_kind_fkey"):
        insert_as(saturday, "desk_planner", no_trade, [1])
    with pytest.raises(errors.ForeignKeyViolation, match="ledger_trades_intended"):
        insert_as(saturday, "desk_planner", rows.ticket_row(saturday, run_id), [1, 2, 3])


def test_a_line_of_another_run_cannot_be_put_on_a_ticket(saturday):
    """The run of a line is the run of its ticket."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    other = rows.add_approved_run(saturday, weeks=1)
    with (
        connect("desk_planner", saturday) as connection,
        pytest.raises(errors.ForeignKeyViolation, match="ticket_lines_ticket_id_run_id_fkey"),
    ):
        rows.insert_ticket(connection, row, [1])
        rows.insert_line(connection, {**row, "run_id": other}, 2)


@pytest.mark.parametrize("role", DESK_ROLES)
def test_nobody_hands_in_a_verdict(saturday, role):
    """Gate results are written by desk.judge_gate alone."""
    run_id = rows.add_plan_run(saturday)
    with connect(role, saturday) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(
            "insert into desk.gate_results (run_id, gate, status, checks) values (%s, 'risk', 'PASS', '[]')",
            (run_id,),
        )


@pytest.mark.parametrize("role", [role for role in DESK_ROLES if role != "desk_planner"])
def test_only_the_planner_writes_tickets(saturday, role):
    """Not even a NO-TRADE comes from another role."""
    row = rows.ticket_row(saturday, rows.add_plan_run(saturday), "NO-TRADE")
    with pytest.raises(errors.InsufficientPrivilege):
        insert_as(saturday, role, row, ())


def test_a_halted_desk_refuses_a_trade_and_takes_a_no_trade(saturday):
    """The halt comes after the approval and still wins."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    with connect("desk_app", saturday) as connection:
        halt.engage(connection, "drill", "operator")
    with pytest.raises(errors.IntegrityConstraintViolation, match="halted"):
        insert_as(saturday, "desk_planner", row)
    insert_as(saturday, "desk_planner", rows.ticket_row(saturday, row["run_id"], "NO-TRADE"), ())


def test_even_a_superuser_cannot_flip_a_kind_or_take_a_gate_away(saturday):
    """First the append-only triggers refuse; with those disabled, the foreign keys still do."""
    rows.add_trade_ticket(saturday)
    rows.fail_gate(saturday, rows.add_plan_run(saturday, weeks=1), "risk", "turnover", "because", "mend it")
    no_trade = rows.ticket_row(saturday, "20260619-080101Z-git0123456", "NO-TRADE")
    insert_as(saturday, "desk_planner", no_trade, ())
    attacks = [
        "update desk.tickets set kind = 'TRADE' where kind = 'NO-TRADE'",
        "update desk.tickets set kind = 'NO-TRADE', reasons = '[1]' where kind = 'TRADE'",
        "update desk.gate_results set status = 'FAIL' where status = 'PASS' and gate = 'data_quality'",
        "delete from desk.gate_results where status = 'PASS' and gate = 'reconciliation'",
        "delete from desk.decisions",
        "update desk.decisions set is_approved = false, reasons = '[1]'",
        "delete from desk.tickets where kind = 'TRADE'",
    ]
    with rows.superuser(saturday) as connection:
        for attack in attacks:
            with pytest.raises(errors.IntegrityConstraintViolation, match="append-only"):
                connection.execute(attack)
        for table in ("tickets", "gate_results", "decisions"):
            connection.execute(f"alter table desk.{table} disable trigger refuse_row_change")
        for attack in attacks:
            with pytest.raises(errors.ForeignKeyViolation, match=r"ticket_kind_fkey|need(_approval)?_fkey"):
                connection.execute(attack)


def test_eight_writers_at_once_get_one_ticket_into_the_table(saturday):
    """Raw inserts without any lock of their own: one commits, seven are refused."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    barrier, refused = threading.Barrier(8), []

    def write():
        with connect("desk_planner", saturday) as connection:
            barrier.wait()
            try:
                rows.insert_ticket(connection, row, [1, 2])
                connection.commit()
            except errors.UniqueViolation as refusal:
                refused.append(refusal)

    _run_threads([write] * 8)
    assert (trade_count(saturday), len(refused)) == (1, 7)


def test_no_trade_commits_after_a_halt_has(saturday):
    """
    Eight planners of eight books issue for 64 runs while the halt lands in the middle.

    The number of TRADE tickets seen right after the halt's commit is final: what was under way
    finished before the halt, what came later was refused.
    """
    template = rows.add_approved_run(saturday)
    tickets = clone_approved_run(saturday, template, count=64)
    committed, refused, seen_at_halt = [], [], []

    def plan(mine):
        with connect("desk_planner", saturday) as connection:
            for row in mine:
                try:
                    rows.insert_ticket(connection, row, [1, 2])
                    # Long enough for a halt that does not wait to slip in before the commit.
                    connection.execute("select pg_sleep(0.05)")
                    connection.commit()
                    committed.append(row["ticket_id"])
                except errors.IntegrityConstraintViolation as refusal:
                    assert refusal.diag.constraint_name == "desk_not_halted"
                    connection.rollback()
                    refused.append(row["ticket_id"])

    def stop():
        with connect("desk_app", saturday) as connection:
            while len(committed) < 12:
                connection.execute("select pg_sleep(0.002)")
            connection.commit()
            halt.engage(connection, "drill", "operator")
            seen = connection.execute("select count(*) as n from desk.tickets where kind = 'TRADE'")
            seen_at_halt.append(seen.fetchone()["n"])

    _run_threads([stop, *[lambda mine=tickets[n::8]: plan(mine) for n in range(8)]])
    assert len(committed) + len(refused) == 64
    assert len(refused) > 8
    assert seen_at_halt == [len(committed)] == [trade_count(saturday)]


def clone_approved_run(desk, run_id: str, count: int) -> list[dict]:
    """
    Copy an approved run into `count` weeks of its own, each eighth in a book of its own; return a TRADE
    ticket row for each.
    """
    for book in range(8):
        rows.add_portfolio(desk, f"book_{book}", "paper")
    window = ["window_open_at", "window_close_at", "deadline_at"]
    with rows.superuser(desk) as connection:
        for table, changed in (
            ("runs", ["run_id", "idempotency_key", "portfolio_id", "plan_week", *window]),
            ("ledger_trades_intended", ["run_id"]),
            ("gate_results", ["run_id"]),
            ("decisions", ["run_id"]),
        ):
            connection.execute(
                f"""
                insert into desk.{table}
                select (jsonb_populate_record(null::desk.{table}, to_jsonb(source) || changes.body)).*
                from desk.{table} as source
                inner join desk.runs as run on run.run_id = source.run_id
                cross join generate_series(1, %(count)s) as copy (number)
                cross join lateral (
                    select jsonb_object_agg(key, value) as body
                    from jsonb_each(jsonb_build_object(
                        'run_id', '20260612-' || lpad(copy.number::text, 6, '0') || 'Z-git0123456',
                        'idempotency_key', 'copy:' || copy.number,
                        'portfolio_id', 'book_' || copy.number %% 8,
                        'plan_week', to_char(run.window_open_at + copy.number * interval '7 days', 'IYYY-"W"IW'),
                        'window_open_at', (run.window_open_at at time zone 'America/New_York' + copy.number * interval '7 days')
                            at time zone 'America/New_York',
                        'window_close_at', (run.window_close_at at time zone 'America/New_York' + copy.number * interval '7 days')
                            at time zone 'America/New_York',
                        'deadline_at', (run.deadline_at at time zone 'America/New_York' + copy.number * interval '7 days')
                            at time zone 'America/New_York'
                    ))
                    where key = any(%(changed)s)
                ) as changes
                where source.run_id = %(run_id)s
                """,
                {"count": count, "run_id": run_id, "changed": changed},
            )
    return [rows.ticket_row(desk, f"20260612-{number:06d}Z-git0123456") for number in range(1, count + 1)]


def _run_threads(targets) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
