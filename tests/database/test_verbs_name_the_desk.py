"""Every verb says first which desk it works on, and refuses the database of another."""

import dataclasses
import json
import uuid
from contextlib import nullcontext

import pytest

from tests.architecture import reference
from tests.conftest import at_a_shell
from tests.database import rows
from trading_ops.cli.main import main
from trading_ops.ops.identity import read_card
from trading_ops_stack import run_once
from trading_ops_stack.__main__ import VERBS

# They open no database: files, systemd, what is made anew, and who listens from outside.
WITHOUT_DATABASE = {
    "universe check", "universe diff", "universe import", "fills check", "init", "heartbeat",
    "service install", "service remove", "service show",
}  # fmt: skip
WORDS = {
    "incidents acknowledge": "1 --person operator",
    "incidents close": "1 over --person operator",
    "release": "why --person operator",
    "review-drawdown": "why --person operator",
    "halt": "why --person operator",
    "away": "2026-07-06 2026-07-10 --person executor",
    "splits believe": "AAA 2026-06-10 4:1 why --person operator",
    "splits refuse": "AAA 2026-06-10 why --person operator",
    "opening record": "/no/such --person operator",
    "opening take-back": "why --person operator",
    "statement check": "/no/such",
    "statement import": "/no/such --person operator",
    "model show": "abc",
    "model shadow": "abc --reason why --person operator",
    "model promote": "abc --reason why --person operator",
    "model retire": "abc --reason why --person operator",
    "model rollback": "--reason why --person operator",
    "fills import": "/no/such --portfolio maker --person operator",
    "tax export": "/no/such",
    "universe disable": "AAPL --reason why --person operator",
    "universe enable": "AAPL --reason why --person operator",
    "people add": "eve --role operator --email e@desk.example --person operator",
    "people password": "executor --person operator",
    "people role": "executor operator --person operator",
    "people remove": "executor --person operator",
}
ALL = {words[0].strip("`").removeprefix("trading-ops ") for words in reference.verbs()}


@pytest.mark.parametrize("verb", sorted(ALL - WITHOUT_DATABASE))
def test_a_verb_refuses_another_desks_database(desk, monkeypatch, capsys, verb):
    """By the number on the card that `make up` wrote; in one sentence, with nothing changed."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    # `day` and the like start the Postgres of their folder first; here it runs already.
    monkeypatch.setattr(run_once, "at_work", nullcontext)
    at_a_shell(monkeypatch, dataclasses.replace(desk, qlib_runtime="docker"))
    desk.card.parent.mkdir(parents=True, exist_ok=True)
    desk.card.write_text(json.dumps({"instance_id": str(uuid.uuid4())}))
    before = whole(desk)
    assert main([*verb.split(), *WORDS.get(verb, "").split()], more=VERBS) == 1
    said = capsys.readouterr()
    assert f"database {desk.db_name} on" in said.err and "belongs to another desk than" in said.err
    assert said.out == "" and len(said.err.splitlines()) == 1 and whole(desk) == before


@pytest.mark.parametrize("verb", ["ready", "universe report", "universe disable", "migrate", "people list"])
def test_a_verb_names_its_own_desk_first(desk, monkeypatch, capsys, verb):
    """Also those that do so themselves, since not all of their actions need a database."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    at_a_shell(monkeypatch, desk)
    main([*verb.split(), *WORDS.get(verb, "").split()], more=VERBS)
    first = capsys.readouterr().err.splitlines()[0]
    assert first.endswith(f" · {desk.data.parent}") and "demo" in first and read_card(desk) == {}


def whole(desk) -> str:
    """Return what a verb might have changed."""
    with rows.superuser(desk) as connection:
        (row,) = connection.execute(
            "select jsonb_build_array((select jsonb_agg(to_jsonb(people) order by person_id) from desk.people as people),"
            " (select count(*) from desk.audit_log), (select count(*) from desk.halts),"
            " (select count(*) from desk.absences))::text as found"
        ).fetchall()
    return row["found"]
