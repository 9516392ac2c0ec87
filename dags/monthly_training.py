"""
# Model training

On the month's first Sunday: freeze the inputs, publish their prices, export them, train a model in a room of
its own without network or database, backtest it, register it. The new model is a CANDIDATE: nothing ranks by
it before a person lets it (RUNBOOK, *Models*). Every task may be cleared and run again.

**It failed, now what?** Nothing of the desk waits for this DAG, and the model in use stays in use.

- `wait_for_turn` red: another DAG was still building after half an hour. Trigger a new run for the same
  session.
- `freeze_inputs` red: the log says what is missing; with the docker runtime it may be the image.
- `export_dataset` red: the published prices are of another run that was built meanwhile. Clear `build_prices`
  and what follows it. Any other reason names the bar.
- `make_dataset` red: the export does not fit; the log ends with the runner's own sentence.
- `train_model` red with "the segments need ... sessions": the desk has too little history. Load more, then
  trigger a new run. With "make setup-qlib": the model's environment is not built. Killed: it needs more
  memory.
- `backtest_model` or `rehearse_policy` red: the model is there and nobody knows what it is worth, so it is
  not registered.
- `register_model` red: the log says what the registry does not take.
- `send_mail` red: a step before it broke, or the mail relay refused. Mail waits in the outbox.

What a command was given, made and said is in `runs/<run_id>/qlib/<command>/`.
"""

from airflow.sdk import chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.dbt.builds import build_prices
from trading_ops_airflow.qlib.step import backtest_model, make_dataset, train_model
from trading_ops_airflow.schedule import MONTHLY_TRAINING
from trading_ops_airflow.tasks.mail import send_mail
from trading_ops_airflow.tasks.models import export_dataset, register_model, rehearse_policy
from trading_ops_airflow.tasks.runs import freeze_inputs, wait_for_turn


@dag(**desk_dag(__doc__, MONTHLY_TRAINING))
def monthly_training():
    """Order the tasks of a training."""
    run_id = freeze_inputs()
    trained, backtested = train_model(run_id), backtest_model(run_id)
    rehearsal = rehearse_policy(run_id, trained.output, backtested.output)
    chain(
        wait_for_turn(),
        run_id,
        build_prices(run_id),
        export_dataset(run_id),
        make_dataset(run_id),
        trained,
        backtested,
        rehearsal,
        register_model(run_id, trained.output, backtested.output, rehearsal),
        send_mail(),
    )


monthly_training()
