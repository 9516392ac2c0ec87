"""
# Weekly plan

On Saturday: freeze the inputs, rank, size, judge four gates, decide, issue exactly one ticket, send it.
Every task may be cleared and run again; a run keeps the first ticket it issued.

**It failed, now what?**

- A `judge_*` task red: the gate blocks. Its log lists each blocking check with its fix, and so does the
  NO-TRADE ticket. Mend it, then trigger a new run for the same session: a NO-TRADE may be planned again.
- `build_*`, `rank_universe` or `size_orders` red: the ticket is a NO-TRADE that names the step. Read the
  step's log, mend it, trigger a new run.
- `wait_for_turn` red: another DAG was still building after half an hour. The ticket is a NO-TRADE; see what
  the other run hangs on, then trigger a new run.
- `freeze_inputs` red: nothing is known, so there is no ticket; the operator has an alert. The log says what
  is missing. Mend it and clear the whole run.
- `export_dataset`, `make_dataset`, `score_model` or `store_scores` red, and with it the run: with the method
  `qlib` the ticket is a NO-TRADE, since `wait_for_scores` is red as well and names the step; mend it, trigger
  a new run. With another method the ticket stands, and it is as with the next two.
- `score_shadow` or `store_shadow` red, and with it the run: the ticket stands; the model that is only watched
  has no scores of this week. Mend what the log names and clear the task. It was retired since: nothing is to
  be done.
- The run over its time, marked by hand, or stuck: its ticket is a NO-TRADE that names the step. Mend what
  held it, trigger a new run.
- `send_ticket` red, and with it the run: no ticket, or the mail relay refused. Mail waits in the outbox and
  goes out with the next delivery.
"""

from airflow.sdk import TriggerRule, chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.dbt.builds import build_book, build_gates, build_prices
from trading_ops_airflow.qlib.scoring import scored_by_models
from trading_ops_airflow.schedule import WEEKLY_PLAN
from trading_ops_airflow.tasks.mail import send_ticket
from trading_ops_airflow.tasks.models import wait_for_scores
from trading_ops_airflow.tasks.plan import decide, issue_ticket, judge_gates, rank_universe, size_orders
from trading_ops_airflow.tasks.runs import freeze_inputs, wait_for_turn


@dag(**desk_dag(__doc__, WEEKLY_PLAN))
def weekly_plan():
    """Order the tasks of a plan; beside it what a model says, which only a policy ranked by one waits for."""
    run_id = freeze_inputs.override(trigger_rule=TriggerRule.ALL_DONE)()
    book = build_book(run_id)
    ticket_id = issue_ticket(run_id)
    chain(
        wait_for_turn(),
        run_id,
        build_prices(run_id),
        book,
        wait_for_scores(run_id),
        rank_universe(run_id),
        size_orders(run_id),
        build_gates(run_id, TriggerRule.ALL_DONE),
        judge_gates(run_id),
        decide(run_id),
        ticket_id,
        send_ticket(ticket_id),
    )
    scored_by_models(run_id, after=book)


weekly_plan()
