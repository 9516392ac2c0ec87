"""The rules every DAG of the desk keeps, so that a failure is seen, retried and explained."""

import ast
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from trading_ops.plan.causes import NEEDED
from trading_ops.settings import PROJECT_ROOT
from trading_ops_airflow.endings import on_failed_run
from trading_ops_airflow.roles import Role, role_of
from trading_ops_airflow.schedule import DAGS, DAILY_REMINDERS, MONTHLY_TRAINING, WEEKLY_PLAN, find_dag
from trading_ops_stack.environment import POOLS

DAG_IDS = {dag.dag_id for dag in DAGS}
# The tasks that work although something before them broke.
ALL_DONE = {
    "daily_market_data": {"judge_data_quality", "disable_symbols", "write_daily_report", "send_mail"},
    "weekly_plan": {
        "freeze_inputs",
        "build_gates",
        "judge_data_quality",
        "judge_confirmation",
        "judge_reconciliation",
        "judge_risk",
        "decide",
        "issue_ticket",
        "send_ticket",
    },
    "daily_reminders": {"send_mail"},
    "daily_followup": {"wait_for_turn", "freeze_inputs", "send_mail"},
    "weekly_reconciliation": {"freeze_inputs", "send_mail"},
    "monthly_training": {"send_mail"},
}
# What a plan and a day ask the models for.
SCORED = {
    "export_dataset": Role.SCORING,
    "make_dataset": Role.SCORING,
    "score_model": Role.SCORING,
    "store_scores": Role.SCORING,
    "score_shadow": Role.WATCHED,
    "store_shadow": Role.WATCHED,
}
# Every other task is a step that a ticket waits for.
ROLES = {
    **{(dag, step): role for dag in ("daily_market_data", "weekly_plan") for step, role in SCORED.items()},
    ("daily_market_data", "judge_data_quality"): Role.VERDICT,
    ("weekly_plan", "judge_data_quality"): Role.VERDICT,
    ("weekly_plan", "judge_confirmation"): Role.VERDICT,
    ("weekly_plan", "judge_reconciliation"): Role.VERDICT,
    ("weekly_plan", "judge_risk"): Role.VERDICT,
    ("monthly_training", "export_dataset"): Role.SCORING,
    ("monthly_training", "make_dataset"): Role.SCORING,
}


def test_the_dags_are_exactly_these(bag):
    """An empty folder would give no DAG and no error."""
    assert bag.import_errors == {}
    assert set(bag.dags) == DAG_IDS and len(DAGS) == len(DAG_IDS) == 6
    assert {path.stem for path in (PROJECT_ROOT / "dags").glob("*.py")} == DAG_IDS


def test_the_steps_of_a_plan_are_those_its_reasons_know(bag):
    """In the order they run; and what a step is said to need lies before it in the DAG."""
    plan = bag.dags["weekly_plan"]
    before_ticket = plan.task_dict["issue_ticket"].get_flat_relative_ids(upstream=True)
    scoring = [task for task in plan.tasks if role_of(task) is Role.SCORING]
    steps = {task.task_id for task in plan.tasks if task.task_id in before_ticket} | {
        t.task_id for t in scoring
    }
    verdicts = {task.task_id for task in plan.tasks if role_of(task) is Role.VERDICT}
    assert set(NEEDED) == steps - verdicts
    for step, needed in NEEDED.items():
        upstream = plan.task_dict[step].get_flat_relative_ids(upstream=True)
        # The scores come by the database: who waits for them has no edge to the task that stores them.
        assert set(needed) <= upstream | ({"store_scores"} if step == "wait_for_scores" else set()), step


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_a_dag_says_what_it_is_and_what_to_do_when_it_failed(bag, dag_id):
    """The page of a DAG in Airflow is the first thing an operator reads at night."""
    dag = bag.dags[dag_id]
    assert "It failed, now what?" in dag.doc_md
    cadence = find_dag(dag_id).cadence.name
    assert dag_id.startswith(f"{cadence}_")
    assert dag.tags == {f"cadence/{cadence}", f"tier/{find_dag(dag_id).tier}"}
    named = [task for task in dag.task_ids if f"`{task}`" in dag.doc_md]
    assert named, "the text names no task"
    assert dag.owner == "desk"


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_nothing_catches_up_and_nothing_overlaps(bag, dag_id):
    """Three missed weeks yield no storm, and two runs never write the same tables."""
    dag = bag.dags[dag_id]
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert timedelta() < dag.dagrun_timeout == find_dag(dag_id).duration_max <= timedelta(hours=3)
    # The run that is over it ends its plan all the same, and tells.
    assert dag.on_failure_callback is on_failed_run
    assert dag.timetable.partitioned == (dag_id != DAILY_REMINDERS.dag_id)
    assert getattr(dag.timetable, "dag", DAILY_REMINDERS) == find_dag(dag_id)


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_every_task_ends_retries_and_waits_its_turn(bag, dag_id):
    """No task without a timeout, a retry for trouble with the machinery, and a pool that exists."""
    tasks = bag.dags[dag_id].tasks
    assert len(tasks) >= (2 if dag_id == DAILY_REMINDERS.dag_id else 5)
    for task in tasks:
        assert task.retries == 2, task.task_id
        assert task.retry_policy is not None, task.task_id
        assert timedelta() < task.execution_timeout <= timedelta(minutes=20), task.task_id
        assert task.pool in POOLS, task.task_id


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_only_the_named_tasks_work_after_a_failure(bag, dag_id):
    """A task that runs on whatever happened before is a decision, so the list is written down here."""
    found = {task.task_id for task in bag.dags[dag_id].tasks if task.trigger_rule != "all_success"}
    assert found == ALL_DONE[dag_id]
    assert all(bag.dags[dag_id].get_task(task).trigger_rule == "all_done" for task in found)


def test_the_plan_runs_in_this_order(bag):
    """
    Frozen, priced, valued, asked for its scores, ranked, sized, judged by four gates, decided, issued, sent.
    """
    plan = bag.dags[WEEKLY_PLAN.dag_id]
    chain = ["freeze_inputs", "build_prices", "build_book", "wait_for_scores", "rank_universe", "size_orders",
             "build_gates", "judge_risk", "decide", "issue_ticket", "send_ticket"]  # fmt: skip
    for earlier, later in zip(chain, chain[1:], strict=False):
        assert later in plan.get_task(earlier).downstream_task_ids
    judges = {task for task in plan.task_ids if task.startswith("judge_")}
    assert judges == {"judge_data_quality", "judge_confirmation", "judge_reconciliation", "judge_risk"}
    assert judges <= plan.get_task("decide").upstream_task_ids


def test_runs_take_turns_and_never_wait_for_each_other(bag):
    """
    A dbt build replaces the tables of the one before; all but the first DAG of the order wait their turn.
    """
    first, *others = (dag for dag in DAGS if dag is not DAILY_REMINDERS)
    assert "wait_for_turn" not in bag.dags[first.dag_id].task_ids
    for dag in others:
        assert "wait_for_turn" in bag.dags[dag.dag_id].get_task("freeze_inputs").upstream_task_ids


def test_every_task_plays_the_role_written_down_here(bag):
    """
    What a red task means is a decision; a new task is a step the ticket waits for, until this list says
    otherwise.
    """
    found = {(dag.dag_id, task.task_id): role_of(task) for dag in bag.dags.values() for task in dag.tasks}
    assert len(found) > 40 and all(isinstance(role, Role) for role in found.values())
    assert {place: role for place, role in found.items() if role is not Role.STEP} == ROLES


def test_a_model_can_neither_block_nor_delay_the_stubs_ticket(bag):
    """
    Nothing on the way to the ticket comes after the models' steps; what a model broke on is red, and so is
    the run.
    """
    plan = bag.dags[WEEKLY_PLAN.dag_id]
    for step in SCORED:
        assert plan.get_task(step).get_flat_relative_ids(upstream=False) < set(SCORED), step
    assert {task.task_id for task in plan.leaves} == {"send_ticket", "store_scores", "store_shadow"}


def test_the_watched_model_waits_for_the_one_that_is_traded_on(bag):
    """
    One model at a time is in the room, the one a ticket waits for first; neither needs the other's result.
    """
    plan = bag.dags[WEEKLY_PLAN.dag_id]
    traded, watched = plan.get_task("score_model"), plan.get_task("score_shadow")
    assert traded.pool == watched.pool and POOLS[traded.pool][0] == 1
    assert traded.priority_weight > watched.priority_weight
    assert traded.upstream_task_ids == watched.upstream_task_ids == {"freeze_inputs", "make_dataset"}


def test_a_model_is_trained_in_this_order(bag):
    """
    Frozen, priced, exported, and then the room's three commands, each on what the one before left, then the
    policy.
    """
    training = bag.dags[MONTHLY_TRAINING.dag_id]
    chain = ["wait_for_turn", "freeze_inputs", "build_prices", "export_dataset", "make_dataset", "train_model",
             "backtest_model", "rehearse_policy", "register_model", "send_mail"]  # fmt: skip
    assert [task.task_id for task in training.topological_sort()] == chain
    assert {task.task_id for task in training.tasks if task.pool == "qlib"} == {
        "make_dataset",
        "train_model",
        "backtest_model",
    }


def test_the_tables_are_a_chain_of_assets(bag):
    """Airflow shows under the tables' own names what each is made of: bars, prices, tickets."""
    made = {
        (dag.dag_id, task.task_id): ([a.name for a in task.inlets], [a.name for a in task.outlets])
        for dag in bag.dags.values()
        for task in dag.tasks
    }
    assert made["daily_market_data", "load_bars"] == ([], ["raw.eod_bars"])
    assert made["weekly_plan", "build_prices"] == (["raw.eod_bars"], ["marts.market_prices_eod"])
    assert made["weekly_plan", "issue_ticket"] == (["marts.market_prices_eod"], ["desk.tickets"])


def test_dag_files_hold_order_and_nothing_else():
    """At most 90 lines, no SQL, no arithmetic."""
    files = sorted((PROJECT_ROOT / "dags").glob("*.py"))
    assert len(files) == len(DAG_IDS)
    for path in files:
        text = path.read_text()
        assert len(text.splitlines()) <= 90, path.name
        nodes = list(ast.walk(ast.parse(text)))
        # `a >> b` is Airflow's way to write an order; every other operator would compute something.
        assert not [n for n in nodes if isinstance(n, ast.BinOp) and not isinstance(n.op, ast.RShift)], (
            path.name
        )
        words = [
            n.value.lower() for n in nodes[2:] if isinstance(n, ast.Constant) and isinstance(n.value, str)
        ]
        assert not [word for word in words[1:] if "select " in word or "insert " in word], path.name


def test_parsing_a_dag_imports_nothing_heavy():
    """Every task parses its DAG file first, so a second of imports is paid a dozen times per run."""
    program = (
        "import tests.dags.airflow_home, sys; from airflow.dag_processing.dagbag import DagBag; "
        "before = set(sys.modules); "
        f"assert len(DagBag({str(PROJECT_ROOT / 'dags')!r}).dags) == {len(DAG_IDS)}; "
        "print([m for m in ('pandas', 'numpy', 'exchange_calendars', 'docker', 'pydantic', 'trading_ops.plan.steps', "
        "'trading_ops.db.connect') if m in set(sys.modules) - before])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
