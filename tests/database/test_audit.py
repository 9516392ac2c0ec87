"""Who did what is written where it is done: once, whoever calls, and never for what was refused."""

import hashlib
import json
import re

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import judged, rows
from tests.database.refused import refused_by
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.ops import halt

# Functions of the owner that write facts and tell of none, each with its reason.
SILENT = {
    "activate_universe": "which rows are active follows from a file; the run that froze them is the record",
    "initialise_instance": "what a database is, once, before anybody is known",
    "judge_gate": "its row is the record, one per run and gate",
    "set_simulated_now": "a simulated desk's clock",
}


def audited(desk, action: str) -> list[dict]:
    """Return the audit rows of an action, the oldest first."""
    with connect("desk_reader", desk) as connection:
        found = "select actor, person, subject, detail from desk.audit_log where action = %s order by seq"
        return connection.execute(found, (action,)).fetchall()


@pytest.fixture
def shell(desk, monkeypatch):
    """The desk on its Saturday morning, with the command line working on it."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def test_every_function_that_writes_a_fact_writes_who_did_it(desk):
    """Read from the catalogue, so a new one that is silent is noticed."""
    with rows.superuser(desk) as connection:
        found = connection.execute(
            "select proname as name, pg_get_functiondef(pg_proc.oid) as text from pg_proc "
            "inner join pg_namespace on pg_namespace.oid = pronamespace "
            "where nspname = 'desk' and prosecdef and prorettype <> 'trigger'::regtype"
        ).fetchall()
    writers = {
        row["name"]: "desk.audit(" in row["text"]
        for row in found
        if re.search(r"\b(insert into|(?<!for )(?<!key )update|delete from)\b", row["text"], re.IGNORECASE)
    }
    assert {name for name, tells in writers.items() if not tells} == set(SILENT)
    assert {name for name, tells in writers.items() if tells} == {
        "acknowledge_incident", "admit_sign_in", "adopt_policy", "approve_event", "believe_splits", "cancel_absence", "close_incident", "engage_halt",
        "record_absence", "record_cash_movement", "record_confirmation", "record_event", "record_fills", "record_model_state", "record_opening", "record_snapshot", "record_statement",
        "record_switch", "record_test_confirmation", "release_halt", "request_plan", "reverse_cash_movement", "reverse_event", "reverse_opening",
        "review_drawdown", "set_person", "settle_sign_in", "settle_split", "verify_symbol",
    }  # fmt: skip


def test_who_let_whom_in_is_written(desk):
    """The first person comes from the shell, every other one from an operator, and nobody else lets in."""
    found = [(row["person"], row["subject"], row["detail"]["role"]) for row in audited(desk, "person_added")]
    assert found == [("shell", "operator", "operator"), ("operator", "executor", "executor")]
    with connect("desk_planner", desk) as connection:
        for changed_by, name in (("executor", "mallory"), ("nobody", "mallory"), (None, "mallory")):
            with refused_by("operator_lets_in"), connection.transaction():
                connection.execute(
                    "select desk.set_person(%s, %s, 'operator', 'm@x.example', 'h')", (changed_by, name)
                )
        for name in ("desk", "shell"):
            with refused_by("a_person_is_no_service"), connection.transaction():
                connection.execute(
                    "select desk.set_person('operator', %s, 'operator', 'm@x.example', 'h')", (name,)
                )
        connection.execute("select desk.set_person('operator', 'executor', 'operator', 'e@x.example', 'h')")
    [changed] = audited(desk, "person_changed")
    assert (changed["detail"]["old_role"], changed["detail"]["role"]) == ("executor", "operator")


@pytest.mark.parametrize("role", ["desk_planner", "desk_app", "desk_mailer", "desk_loader", "desk_dbt"])
def test_nobody_forges_a_row_of_the_log(desk, role):
    """Not the person, not the actor, not the time."""
    with connect(role, desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "insert into desk.audit_log (actor, person, action, subject, created_at)"
            " values ('desk_app', 'operator', 'halt_released', 'halt', '2020-01-01')"
        )


def test_the_page_notes_access_and_nothing_else(desk):
    """Refused forms of people the desk knows."""
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.note_access('executor', 'form_refused', 'csrf', '{}')")
        for person, action in (
            ("executor", "halt_released"),
            ("executor", "sign_in"),
            ("mallory", "form_refused"),
        ):
            with pytest.raises(psycopg.errors.IntegrityError), connection.transaction():
                connection.execute("select desk.note_access(%s, %s, 'x', '{}')", (person, action))


def test_nobody_writes_through_the_audit_function_itself(desk):
    """Only the owner's functions call it: a role could tell what never happened."""
    for role in ("desk_planner", "desk_app", "desk_loader", "desk_mailer", "desk_dbt", "desk_reader"):
        with connect(role, desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select desk.audit('operator', 'a', 's', '{}')")


@pytest.mark.parametrize(
    "write",
    [
        "select desk.engage_halt('why', 'mallory')",
        "select desk.record_switch('AAA', false, 'PERSON', 'why', null, 'k', 'mallory')",
        'select desk.record_cash_movement(\'{"portfolio_id": "demo", "kind": "fee", "amount_gbp": "-1",'
        ' "occurred_at": "2026-06-01Z", "person": "mallory", "idempotency_key": "m"}\')',
        'select desk.record_snapshot(\'{"portfolio_id": "demo", "source": "form", "cash_gbp": "1",'
        ' "taken_at": "2026-06-01Z", "person": "mallory", "idempotency_key": "m", "positions": []}\')',
    ],
    ids=["halt", "switch", "cash", "snapshot"],
)
def test_nobody_the_desk_does_not_know_does_anything(desk, write):
    """A made-up name is refused by Postgres, and the fact with it."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    before = len(audited(desk, "record_cash_movement"))
    with (
        connect("desk_planner", desk) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="nobody is called mallory"),
    ):
        connection.execute(write)
    assert len(audited(desk, "record_cash_movement")) == before
    with connect("desk_reader", desk) as connection:
        assert not halt.is_halted(connection)


def test_a_request_sent_twice_is_told_once(desk):
    """The second finds the first and leaves no row; another body under its key is refused by name."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    request = (
        '{"portfolio_id": "demo", "kind": "fee", "amount_gbp": "-1.00", "occurred_at": "2026-06-01Z",'
        ' "person": "operator", "idempotency_key": "once"}'
    )
    with connect("desk_app", desk) as connection:
        ids = {
            connection.execute("select desk.record_cash_movement(%s) as n", (request,)).fetchone()["n"]
            for _ in range(3)
        }
    assert len(ids) == 1
    [told] = [row for row in audited(desk, "record_cash_movement") if row["person"] == "operator"]
    assert told["actor"] == "desk_app" and told["subject"] == f"cash/{ids.pop()}"
    with connect("desk_app", desk) as connection, pytest.raises(psycopg.errors.UniqueViolation) as refused:
        connection.execute("select desk.record_cash_movement(%s)", (request.replace("-1.00", "-2.00"),))
    assert refused.value.diag.constraint_name == "same_key_same_body"


def test_the_command_line_halts_at_once_and_it_is_told(shell, capsys):
    """Without a name it is the shell's, without a reason it asks for one; a second halt is told as well."""
    assert main(["halt"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the desk is halted: no TRADE ticket can be issued",
        'say why when you can: trading-ops halt "<reason>"',
    ]
    assert main(["halt", "strange prices", "--person", "executor"]) == 0
    assert [(told["person"], told["subject"], told["detail"]) for told in audited(shell, "halt_engaged")] == [
        ("shell", "halt", {"reason": "no reason was given yet"}),
        ("executor", "halt", {"reason": "strange prices"}),
    ]


def test_a_halt_in_a_name_nobody_has_halts_all_the_same(shell, capsys):
    """A mistyped name once left the desk as it was: it is the shell's, and who there is comes after."""
    assert main(["halt", "strange prices", "--person", "mallory"]) == 0
    assert "nobody is called 'mallory' here; the desk knows executor, operator" in capsys.readouterr().err
    [told] = audited(shell, "halt_engaged")
    assert (told["person"], told["detail"]) == ("shell", {"reason": "strange prices"})


def test_a_release_in_a_name_nobody_has_is_refused(shell, capsys):
    """In one line, and the desk stays halted."""
    assert main(["halt"]) == 0
    assert main(["release", "all fine", "--person", "mallory"]) == 1
    assert "nobody is called 'mallory' here; the desk knows executor, operator" in capsys.readouterr().err
    assert not audited(shell, "halt_released")


def test_the_command_line_releases_for_an_operator_after_a_snapshot(shell, capsys):
    """Refused before the snapshot and for the executor, each with its reason; told once."""
    rows.add_policy(shell)
    judged.add_cash(shell, "10000.00", rows.SATURDAY_AT.replace(hour=1))
    main(["halt", "strange prices"])
    assert main(["release", "all fine", "--person", "operator"]) == 1
    assert "a broker snapshot taken after the halt" in capsys.readouterr().err
    rows.set_clock(shell, rows.SATURDAY_AT.replace(hour=12))
    rows.add_snapshot(shell, rows.SATURDAY_AT.replace(hour=12))
    assert main(["release", "all fine", "--person", "executor"]) == 1
    assert "executor is no operator" in capsys.readouterr().err
    assert main(["release", "all fine", "--person", "operator"]) == 0
    [told] = audited(shell, "halt_released")
    assert (told["person"], told["detail"]) == ("operator", {"reason": "all fine"})
    assert main(["release", "again", "--person", "operator"]) == 1
    assert "not halted" in capsys.readouterr().err


def test_a_policy_that_takes_over_is_written_with_what_it_changes(desk):
    """Each limit with what it was; the same policy again says nothing."""
    first = {
        "risk": {"weight_ratio_max": "0.15", "positions_count_max": 20},
        "signal": {"method": "momentum_12_1"},
    }
    second = {"risk": {"weight_ratio_max": "1", "positions_count_max": 20, "release_persons_min": 2}}
    with connect("desk_planner", desk) as connection:
        hashes = [
            queries.runs.adopt_policy(connection, text=json.dumps(body)) for body in (first, first, second)
        ]
    assert hashes[0] == hashes[1] == hashlib.sha256(json.dumps(first).encode()).hexdigest()
    found = audited(desk, "policy_adopted")
    assert [(row["person"], row["subject"], row["detail"]["instead_of"]) for row in found] == [
        ("desk", hashes[0], None), ("desk", hashes[2], hashes[0])
    ]  # fmt: skip
    assert found[1]["detail"]["limits"] == {
        "risk.weight_ratio_max": [0.15, 1], "risk.release_persons_min": [None, 2]
    }  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    [
        "insert into desk.config_policy (policy_hash, body) values (repeat('1', 64), '{}')",
        "insert into desk.policy_limits select policy_hash, 'risk.weight_ratio_free', 9 from desk.config_policy",
        "update desk.config_policy set body = '{}'",
    ],
)
def test_the_planner_stores_no_limit_that_its_policy_does_not_say(desk, attack):
    """Any policy could once be inserted and activated, and its limits be others than its text."""
    rows.add_policy(desk)
    with connect("desk_planner", desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(attack)
