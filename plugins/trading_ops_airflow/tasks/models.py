"""
What the desk does around the model's room: hands out prices, keeps models, stores scores.

A run ranked by a model waits for that model's scores, and without them there is no ranking and no
trade. Nobody waits for what the watched model says; it is only looked at.
"""

import json
from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trading_ops_airflow.partition import steps_playing, task_states
from trading_ops_airflow.qlib.files import command_folder
from trading_ops_airflow.roles import Role, plays

_BUSY = (None, "scheduled", "queued", "running", "up_for_retry", "up_for_reschedule", "deferred", "restarting")  # fmt: skip


@task(execution_timeout=timedelta(minutes=20))
@plays(Role.SCORING)
def export_dataset(desk_run_id: str) -> dict[str, int]:
    """Write the run's published prices into files. A run without a model needs them for training only."""
    from trading_ops.models.export import ExportError, export_dataset
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        run = load_run(connection, desk_run_id)
    if run.kind != "training" and not (run.model_version or run.shadow_model_version):
        raise AirflowSkipException("no model is LIVE or in SHADOW, so there is nothing to export for")
    folder = command_folder(desk_run_id, "dataset") / "in"
    with desk_connection("desk_reader") as connection:
        try:
            exported = export_dataset(connection, desk_run_id, folder, progress=print)
        except ExportError as error:
            raise AirflowFailException(str(error)) from error
    print(
        f"{folder}: {exported.bars_count:,} bars of {exported.symbols_count} symbols, "
        f"{exported.first_date} to {exported.last_date}"
    )
    if exported.members_without_bars:
        print(f"were members and have no bars: {', '.join(exported.members_without_bars)}")
    return {"bars": exported.bars_count, "symbols": exported.symbols_count}


@task(execution_timeout=timedelta(minutes=20))
def rehearse_policy(desk_run_id: str, trained: str, backtested: str) -> dict[str, float | int | None]:
    """Let the run's policy size the backtest's scores; write and return what came of it."""
    from pathlib import Path

    from trading_ops.models.rehearsal import rehearse_files
    from trading_ops.runs.frozen import load_policy
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        policy = load_policy(connection, load_run(connection, desk_run_id).policy_hash)
    bars = command_folder(desk_run_id, "dataset") / "in/bars.parquet"
    figures = rehearse_files(Path(trained), Path(backtested), bars, policy).figures()
    path = command_folder(desk_run_id, "backtest") / "rehearsal.json"
    path.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    print(f"{path}: {figures}")
    return figures


@task
def register_model(
    desk_run_id: str, trained: str, backtested: str, rehearsal: dict[str, float | int | None]
) -> str:
    """Keep the model of the run's results and return its version; it is a CANDIDATE nobody uses yet."""
    from pathlib import Path

    from trading_ops.models import registry
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        version = registry.register_model(connection, desk_run_id, Path(trained), Path(backtested), rehearsal)
    print(
        f"model {version} is registered; `trading-ops model shadow {version[:12]}` lets it rank beside the desk"
    )
    return version


@task
@plays(Role.SCORING)
def store_scores(desk_run_id: str, scored: str) -> int:
    """
    Store what the model the run trades on says about its universe and return how many symbols it ranked.
    """
    from trading_ops.models.registry import TRADED

    return _store(desk_run_id, scored, TRADED)


@task
@plays(Role.WATCHED)
def store_shadow(desk_run_id: str, scored: str) -> int:
    """Store what the model the run watches says about its universe and return how many symbols it ranked."""
    from trading_ops.models.registry import WATCHED

    return _store(desk_run_id, scored, WATCHED)


@task.sensor(mode="reschedule", poke_interval=5, timeout=timedelta(minutes=45))
def wait_for_scores(desk_run_id: str) -> bool:
    """
    Say whether the ranking may begin: at once for a stub, when the scores are stored for a model.

    A plan that should be ranked by a model and was frozen without one is not kept waiting.
    """
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        run = load_run(connection, desk_run_id)
    if run.signal_method != "qlib":
        return True
    if run.model_version is None:
        raise AirflowFailException(
            "the policy ranks by a model, and none was LIVE when the run was frozen: there are no scores"
        )
    found = task_states()
    states = {step: found.get(step) for step in steps_playing(Role.SCORING)}
    if any(state in _BUSY for state in states.values()):
        return False
    for step, state in states.items():
        if state != "success":
            raise AirflowFailException(
                f"the policy ranks by a model, and {step} ended as {state}: there are no scores"
            )
    return True


def _store(desk_run_id: str, scored: str, method: str) -> int:
    from pathlib import Path

    from trading_ops.models.registry import ModelError, model_of_run, store_scores
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        model = model_of_run(connection, load_run(connection, desk_run_id), method=method)
        try:
            count = store_scores(connection, desk_run_id, Path(scored) / "signals_ranked.parquet", model)
        except ModelError as error:
            raise AirflowFailException(str(error)) from error
    print(f"{count} symbols ranked by model {model.model_version} ({model.state}), stored as {method}")
    return count
