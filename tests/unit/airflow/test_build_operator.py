"""The dbt task: what proves a build, what makes it red, and what is tried again."""

import dataclasses
import json

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trading_ops.settings import Settings
from trading_ops_airflow.dbt.build_operator import DbtOperator, Node, failure_without_results, require_sound
from trading_ops_airflow.retries import RetryMachineryOnly


def node(name: str, status: str, resource_type: str = "model", message: str = "") -> Node:
    """Return a node that took no time."""
    return Node(name, resource_type, status, message, 0.0)


BUILT = [node("gate_verdicts", "success"), node("not_null_gate", "pass", "test")]


def test_a_selector_that_matched_nothing_is_red():
    """dbt itself ends with exit code 0 and 'nothing to do'."""
    with pytest.raises(AirflowFailException, match="selector typo matched no node"):
        require_sound([], "typo", tests_may_fail=False)


def test_a_build_that_did_its_work_is_green():
    """Models built and tests passed raise nothing."""
    assert require_sound(BUILT, "book", tests_may_fail=False) is None


def test_the_list_of_failures_names_each_test_with_its_message_and_counts_what_was_skipped():
    """The last line of the log is what the operator reads."""
    nodes = [
        *BUILT,
        node("low_above_high", "fail", "test", "Got 3 results, configured to fail if != 0"),
        node("market_prices_eod", "skipped"),
    ]
    with pytest.raises(AirflowFailException) as failure:
        require_sound(nodes, "prices", tests_may_fail=False)
    assert "1 dbt node(s) of prices failed, 1 skipped" in str(failure.value)
    assert "test low_above_high: Got 3 results" in str(failure.value)
    assert "not_null_gate" not in str(failure.value)


def test_a_blocked_gate_leaves_its_build_green():
    """The judging task is what goes red, so the reasons are there to be judged."""
    nodes = [*BUILT, node("assert_every_verdict_is_clear", "fail", "test")]
    assert require_sound(nodes, "gates", tests_may_fail=True) is None
    with pytest.raises(AirflowFailException, match="assert_every_verdict_is_clear"):
        require_sound(nodes, "gates", tests_may_fail=False)


@pytest.mark.parametrize(
    "broken",
    [
        node("gate_risk_turnover", "error", message='column "x" does not exist'),
        node("gate_verdicts", "skipped"),
        node("assert_every_verdict_is_clear", "error", "test", "relation does not exist"),
    ],
    ids=["a model error", "a skipped model", "a test that could not run"],
)
def test_a_gate_that_was_not_built_is_red_even_when_tests_may_fail(broken):
    """Without its model a gate has no verdict, and nobody would know why."""
    with pytest.raises(AirflowFailException):
        require_sound([*BUILT, broken], "gates", tests_may_fail=True)


def test_a_gate_build_without_a_single_model_is_red():
    """Tests alone say nothing when they are allowed to fail."""
    with pytest.raises(AirflowFailException, match="built no model"):
        require_sound([node("t", "fail", "test")], "gates", tests_may_fail=True)


def test_a_lost_server_is_tried_again_and_a_broken_model_is_not():
    """Only when every cause is the server may another try help."""
    lost = node("stg_desk__fills", "error", message="could not connect to server: Connection refused")
    with pytest.raises(ConnectionError):
        require_sound([lost, node("x", "skipped")], "book", tests_may_fail=False)
    with pytest.raises(AirflowFailException):
        require_sound([lost, node("y", "error", message="division by zero")], "book", tests_may_fail=False)


def test_dbt_without_results_proves_nothing():
    """An exit code of 0 is no proof; a killed dbt is worth another try, a broken project is not."""
    assert isinstance(failure_without_results(0, "Nothing to do"), AirflowFailException)
    assert isinstance(failure_without_results(2, "Compilation Error"), AirflowFailException)
    assert isinstance(failure_without_results(-9, ""), ConnectionError)
    assert isinstance(failure_without_results(1, 'connection to server at "x" failed'), ConnectionError)


@pytest.fixture
def desk_with_fake_dbt(tmp_path, monkeypatch):
    """Return a function that gives the desk a dbt which runs a shell script in its target folder."""

    def install(script: str) -> Settings:
        program = tmp_path / "dbt"
        # The target folder is what follows --target-path.
        program.write_text(
            '#!/bin/sh\nfor word; do [ "$previous" = --target-path ] && target=$word; previous=$word; done\n'
            f'echo "$@" > {tmp_path}/called\n{script}\n'
        )
        program.chmod(0o755)
        config = dataclasses.replace(Settings(), data=tmp_path / "data", dbt=program)
        monkeypatch.setattr("trading_ops.settings.settings", lambda: config)
        return config

    return install


def results(*entries: tuple[str, str]) -> str:
    """Return the text of a run_results.json."""
    return json.dumps({"results": [{"unique_id": name, "status": status} for name, status in entries]})


def test_the_operator_calls_dbt_for_one_selector_and_one_run_in_a_folder_of_its_own(
    desk_with_fake_dbt, tmp_path
):
    """Two builds never share a target folder, and the run is the one that was frozen."""
    text = results(("model.trading_ops.drift", "success"), ("test.trading_ops.unique_drift.1a", "pass"))
    config = desk_with_fake_dbt(f"echo '{text}' > $target/run_results.json")
    task = DbtOperator(task_id="build_prices", selector="prices", desk_run_id="20260307-090000Z-gitabcdef0")
    assert task.execute({}) == {"success": 1, "pass": 1}
    called = (tmp_path / "called").read_text()
    assert "build" in called and "--selector prices" in called
    assert '--vars {"run_id": "20260307-090000Z-gitabcdef0"}' in called
    assert f"--target-path {config.data}/runs/20260307-090000Z-gitabcdef0/dbt/prices" in called


def test_the_results_of_an_earlier_try_never_speak_for_this_one(desk_with_fake_dbt):
    """dbt died without writing results; the green ones of the first try are still in the folder."""
    config = desk_with_fake_dbt("exit 2")
    folder = config.data / "runs/20260307-090000Z-gitabcdef0/dbt/prices"
    folder.mkdir(parents=True)
    (folder / "run_results.json").write_text(results(("model.trading_ops.drift", "success")))
    task = DbtOperator(task_id="build_prices", selector="prices", desk_run_id="20260307-090000Z-gitabcdef0")
    with pytest.raises(AirflowFailException, match="nothing is proven"):
        task.execute({})


def test_without_a_frozen_run_there_is_nothing_to_build(desk_with_fake_dbt):
    """Freezing failed; the gates' build is skipped instead of adding a second red task."""
    desk_with_fake_dbt("exit 1")
    with pytest.raises(AirflowSkipException):
        DbtOperator(task_id="build_gates", selector="gates", desk_run_id=None).execute({})


def test_facts_fail_at_once_and_trouble_with_the_machinery_is_tried_again():
    """A missing column is the same a minute later; a restarting server is not."""
    import psycopg
    from airflow.sdk import RetryAction
    from airflow.sdk.exceptions import AirflowTaskTimeout

    from trading_ops.config.policy import PolicyError

    def action(error: BaseException) -> RetryAction:
        return RetryMachineryOnly().evaluate(error, try_number=1, max_tries=2).action

    facts = [
        ValueError(),
        KeyError("x"),
        PolicyError(),
        FileNotFoundError(),
        psycopg.errors.CheckViolation(),
        psycopg.errors.UndefinedTable(),
    ]
    troubles = [
        ConnectionError(),
        TimeoutError(),
        OSError(),
        psycopg.OperationalError(),
        AirflowTaskTimeout(),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DeadlockDetected(),
        psycopg.InterfaceError(),
    ]
    assert {action(error) for error in facts} == {RetryAction.FAIL}
    assert {action(error) for error in troubles} == {RetryAction.DEFAULT}
