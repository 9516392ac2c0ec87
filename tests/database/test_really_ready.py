"""A book of real money trades what a person found at the broker, and only while its mail reaches people."""

import dataclasses

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import judged, planning, rows
from tests.database.refused import refused_by
from trading_ops.db.connect import connect
from trading_ops.ops.auto_disable import disable_untradable
from trading_ops.plan.reasons import Reason
from trading_ops.tickets.owed import clearing
from trading_ops.tickets.owed_now import read_owed
from trading_ops.universe.switches import disabled_symbols

PEOPLE = ["desk@desk.london", "olga@desk.london", "Ed <ed@desk.london>"]
SMTP = {"mail_way": "smtp", "mail_addresses": Jsonb(PEOPLE)}


def as_superuser(desk, table: str, statement: str) -> None:
    """Change what no role may."""
    with rows.superuser(desk) as connection:
        connection.execute(f"alter table {table} disable trigger user")
        connection.execute(statement)
        connection.execute(f"alter table {table} enable trigger user")


@pytest.fixture
def live(desk):
    """A desk in real time whose book holds real money, with its universe in use."""
    rows.add_portfolio(desk, kind="live")
    rows.add_policy(desk)
    rows.add_universe(desk)
    as_superuser(desk, "desk.instance", "update desk.instance set environment = 'production'")
    return desk


def plan(desk, *symbols: str, **columns) -> str:
    """Freeze a plan of the real week and let it buy some symbols."""
    run_id = rows.add_plan_run(desk, **{"frozen_at": rows.SATURDAY_AT, **SMTP, **columns})
    for number, symbol in enumerate(symbols, start=1):
        rows.add_intended(desk, run_id, number, symbol)
    return run_id


def objections(desk, run_id: str) -> dict[str, str]:
    """Return what the desk's own look finds unready, by check."""
    with rows.superuser(desk) as connection:
        found = connection.execute("select * from desk.readiness_objections(%s)", (run_id,)).fetchall()
        return {row["check_name"]: row["objection"] for row in found}


def verify(
    desk, symbol: str, is_found: bool = True, person: str = "executor", name: str | None = None, key="1"
):
    """Tick a symbol as the page does."""
    with connect("desk_app", desk) as connection:
        connection.execute(
            "select desk.verify_symbol(%s, %s, %s, %s, %s)",
            (symbol, name or rows.SYMBOLS[symbol], is_found, person, f"{key}:{symbol}"),
        )


def test_a_tick_clears_a_symbol_and_the_newest_word_counts(live):
    """Nobody looked; somebody found one of two; then it was gone again."""
    run_id = plan(live, "ALDR", "BRCH")
    assert objections(live, run_id) == {"symbols_verified": "nobody found these on eToro lately: ALDR, BRCH"}
    verify(live, "ALDR")
    verify(live, "ALDR")
    assert objections(live, run_id) == {"symbols_verified": "nobody found these on eToro lately: BRCH"}
    verify(live, "BRCH")
    assert objections(live, run_id) == {}
    verify(live, "BRCH", is_found=False, key="2")
    assert objections(live, run_id) == {"symbols_verified": "nobody found these on eToro lately: BRCH"}
    with connect("desk_reader", live) as connection:
        found = connection.execute(
            "select person, action, subject from desk.audit_log order by seq desc limit 3"
        )
        told = [tuple(row.values()) for row in found]
    assert told == [
        ("executor", "symbol_not_offered", "BRCH"),
        ("executor", "symbol_verified", "BRCH"),
        ("executor", "symbol_verified", "ALDR"),
    ]


def test_the_same_form_with_another_answer_is_refused(live):
    """It was dropped, and the page said that it was recorded."""
    verify(live, "ALDR")
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        verify(live, "ALDR", is_found=False)
    assert refused.value.diag.constraint_name == "same_key_same_body"


def test_what_is_not_offered_is_not_found_by_correcting_its_name(live):
    """With an old tick in the file, nobody has looked under the new name."""
    told = "update desk.config_universe set verified_by = 'Ed', verified_at = date '2026-01-01'"
    as_superuser(live, "desk.config_universe", told)
    verify(live, "ALDR", is_found=False)
    renamed = "update desk.config_universe set etoro_search_name = 'Alder Inc' where internal_symbol = 'ALDR'"
    as_superuser(live, "desk.config_universe", renamed)
    assert "symbols_verified" in objections(live, plan(live, "ALDR"))
    verify(live, "ALDR", name="Alder Inc", key="2")
    assert objections(live, plan(live, "ALDR", attempt=2)) == {}


@pytest.mark.parametrize(("days", "is_clear"), [(365, True), (366, False)])
def test_the_files_own_columns_count_as_long_as_the_policy_says(live, days, is_clear):
    """365 days in the committed policy."""
    as_superuser(
        live, "desk.config_universe",
        f"update desk.config_universe set verified_by = 'Ed', verified_at = date '2026-06-13' - {days}",
    )  # fmt: skip
    assert (objections(live, plan(live, "ALDR")) == {}) is is_clear


def test_a_paper_or_simulated_book_is_held_to_nothing(desk):
    """The same plan without real money: files and example addresses are what a demo has."""
    assert objections(desk, plan(desk, "ALDR", mail_way="file")) == {}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"mail_way": "file"}, "mail goes to a file, not to people"),
        ({"mail_way": None}, "where mail goes is unknown"),
        ({"mail_addresses": Jsonb([])}, "where mail goes is unknown"),
        (
            {
                "mail_addresses": Jsonb(
                    [
                        "Olga <o@Example.COM>",
                        "x@mail.example.org",
                        "y@desk.example",
                        "z@example.com.",
                        *PEOPLE,
                    ]
                )
            },
            "an example's address is nobody's: Olga <o@Example.COM>, x@mail.example.org, y@desk.example, z@example.com.",
        ),
        ({"mail_addresses": Jsonb(["d@counterexample.com"])}, None),
    ],
)
def test_mail_that_reaches_nobody_is_an_objection(live, columns, words):
    """By what the run froze."""
    found = objections(live, plan(live, **columns))
    assert found == ({"mail_reaches_people": words} if words else {})


def test_a_forged_verdict_meets_the_desks_own_look_and_so_does_a_ticket(live):
    """Neither clear verdicts nor a gate result that passed lets an unready desk trade."""
    run_id = plan(live, "ALDR", mail_way="file")
    judged.add_verdicts(live, run_id, "risk")
    checks = judged.judge(live, run_id, "risk")
    assert checks["status"] == "FAIL"
    assert "dbt found it clear, but" in checks["symbols_verified"]["reason"]
    assert checks["mail_reaches_people"]["reason"].endswith("mail goes to a file, not to people")
    for gate in ("data_quality", "confirmation", "reconciliation"):
        rows.pass_gate(live, run_id, gate)
    rows.decide(live, run_id)
    ticket = rows.ticket_row(live, run_id)
    with pytest.raises(psycopg.errors.IntegrityError) as refused, connect("desk_planner", live) as connection:
        rows.insert_ticket(connection, ticket, [1])
    assert refused.value.diag.constraint_name == "desk_is_ready"
    assert refused.value.diag.message_primary == (
        "the desk is not ready to trade: mail goes to a file, not to people; "
        "nobody found these on eToro lately: ALDR"
    )


def test_what_a_no_trade_lacked_is_owed_by_the_executor_until_it_is_ticked(live):
    """Where, and which stocks; then the ticket says that it is done meanwhile."""
    run_id = plan(live, "ALDR")
    rows.decide(live, run_id, [{"source": "risk", "check_name": "symbols_verified"}])
    with connect("desk_planner", live) as connection:
        rows.insert_ticket(connection, rows.ticket_row(live, run_id, "NO-TRADE"))
    reason = Reason("risk", "symbols_verified", "", "")
    with connect("desk_app", live) as connection:
        [owed] = [one for one in read_owed(connection, rows.PORTFOLIO) if one.step == "verify"]
    assert (owed.actor, owed.path) == ("executor", "/symbols")
    assert owed.words == "look stocks up on eToro: nobody found these on eToro lately: ALDR"
    assert clearing(reason, [owed]).first == owed
    verify(live, "ALDR")
    with connect("desk_app", live) as connection:
        assert "verify" not in {one.step for one in read_owed(connection, rows.PORTFOLIO)}


def test_only_a_person_verifies_a_stock_of_the_universe_under_its_name(live):
    """Nobody, another name, the benchmark."""
    for how, constraint in (
        ({"person": "desk"}, "a_person_verifies"),
        ({"name": "Alder plc"}, "verified_is_known"),
    ):
        with refused_by(constraint):
            verify(live, "ALDR", **how)
    with refused_by("verified_is_known"):
        verify(live, rows.BENCHMARK, name="Simulated Index")


def test_what_is_not_offered_is_switched_off_once(live):
    """As after a failed line; who switches it on again has the last word."""
    verify(live, "ALDR", is_found=False)
    with connect("desk_planner", live) as connection:
        assert disable_untradable(connection, live) == ("ALDR",)
        assert disable_untradable(connection, live) == ()
        assert "executor looked up 'Alder Instruments'" in disabled_symbols(connection)["ALDR"]
        codes = connection.execute("select code from desk.incidents").fetchall()
    assert [row["code"] for row in codes] == ["UNTRADABLE_SYMBOL"]


def test_a_run_keeps_where_its_mail_went(desk):
    """The settings of the process that froze it."""
    planning.on_saturday(desk)
    config = dataclasses.replace(desk, mail="smtp", executor_email="ed@desk.london")
    run = planning.freeze_plan(config)
    with connect("desk_planner", desk) as connection:
        row = connection.execute(
            "select mail_way, mail_addresses from desk.runs where run_id = %s", (run.run_id,)
        ).fetchone()
    assert row == {
        "mail_way": "smtp",
        "mail_addresses": [desk.mail_from, desk.operator_email, "ed@desk.london"],
    }
