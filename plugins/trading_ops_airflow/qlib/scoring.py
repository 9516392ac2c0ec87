"""
The models in use say what they think of a session, beside the work of a DAG.

Which those are is frozen with each run. A DAG is read before, and may not ask a database as it is, so the
group stands there without a model as well, and is skipped: one left out would be missing from the first run
of a model, and a plan ranked by it would wait for steps that do not exist.
"""

from airflow.sdk import TaskGroup, chain

from trading_ops_airflow.qlib.step import make_dataset, score_model, score_shadow
from trading_ops_airflow.tasks.models import export_dataset, store_scores, store_shadow


def scored_by_models(run_id, after) -> None:
    """Order the steps that score and store, from the dataset on, as a group beside what comes `after`."""
    with TaskGroup("model", prefix_group_id=False, tooltip="Skipped as a whole where no model is in use"):
        dataset, traded, watched = make_dataset(run_id), score_model(run_id), score_shadow(run_id)
        chain(after, export_dataset(run_id), dataset, [traded, watched])
        traded >> store_scores(run_id, traded.output)
        watched >> store_shadow(run_id, watched.output)
