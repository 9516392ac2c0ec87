"""What a verb says when the database is not there, or not the one its code knows."""

import json

import psycopg
import pytest

from tests.conftest import at_a_shell, free_port
from trading_ops.cli.main import main
from trading_ops.db.refusals import in_words
from trading_ops.settings import Settings
from trading_ops_stack import dbt_docs, demo, plan_files, psql


@pytest.mark.parametrize("verb", [["status"], ["invariants"], ["model", "list"], ["halt", "now"], ["loads"]])
def test_a_verb_without_a_server_says_how_to_start_it(tmp_path, monkeypatch, capsys, verb):
    """One sentence, no traceback, and a line in the desk's log."""
    port = free_port()
    at_a_shell(monkeypatch, Settings(data=tmp_path / "data", db_port=port))
    assert main(verb) == 1
    sentence = (
        f"no database answers at 127.0.0.1:{port}: `make status` says what runs, `make up` starts the desk"
    )
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == f"trading-ops {verb[0]}: {sentence}" and said.out == ""
    (line,) = map(json.loads, next(tmp_path.glob("logs/desk-*.jsonl")).read_text().splitlines())
    assert (line["component"], line["message"]) == (f"trading-ops {verb[0]}", sentence)


@pytest.mark.parametrize("command", [psql.main, dbt_docs.main, plan_files.main, demo.main, main])
def test_a_bad_setting_is_one_sentence_whatever_is_called(monkeypatch, capsys, command):
    """Named as it was typed, with what it accepts; no traceback."""
    monkeypatch.setenv("TRADING_OPS_DB_PORT", "abc")
    arguments = {plan_files.main: ["/tmp"], main: ["universe", "report"]}.get(command, [])
    assert command(arguments) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].endswith(": TRADING_OPS_DB_PORT='abc': a whole number from 1 to 65535 is expected")


def test_a_database_of_another_version_is_named(tmp_path):
    """An upgrade without `make up` would otherwise end in the name of a column."""
    error = psycopg.errors.UndefinedTable('relation "desk.owed" does not exist\nLINE 1: select')
    assert in_words(error, Settings()) == (
        "the database trading_ops is not of this version: `make up` brings it there "
        '(relation "desk.owed" does not exist)'
    )
