"""
# Execution follow-up

After the close of each session: value the book with the fills that came in, report what was executed.

A ticket is reported once, when its lines are confirmed and its day of execution has bars. Those come with
the next morning's load, so as a rule `daily_market_data` reports it, and this run what was confirmed later.

**It failed, now what?**

- `disable_untradable_symbols` red: a stock the broker does not offer may be planned again; clear the task.
- `wait_for_turn` red: another DAG was still building after half an hour; the book is valued anyway.
- `build_book` red: the log ends with the failed dbt nodes. The ledger itself is untouched.
- `compare_executions` red: a ticket's report is not written; the log says why. It comes with the next run.
  A report has a QUESTION about a fill: ask the executor; a correction is an amendment on the confirm page,
  never an edit here.
- `send_mail` red: a step before it broke, or the mail relay refused. Mail waits in the outbox.
"""

from airflow.sdk import TriggerRule, chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.dbt.builds import build_book, build_prices
from trading_ops_airflow.schedule import DAILY_FOLLOWUP
from trading_ops_airflow.tasks.ledger import compare_executions
from trading_ops_airflow.tasks.mail import send_mail
from trading_ops_airflow.tasks.runs import freeze_inputs, wait_for_turn
from trading_ops_airflow.tasks.universe import disable_untradable_symbols


@dag(**desk_dag(__doc__, DAILY_FOLLOWUP))
def daily_followup():
    """Order the tasks after a session's close."""
    run_id = freeze_inputs.override(trigger_rule=TriggerRule.ALL_DONE)()
    chain(
        disable_untradable_symbols(),
        wait_for_turn.override(trigger_rule=TriggerRule.ALL_DONE)(),
        run_id,
        build_prices(run_id),
        build_book(run_id),
        compare_executions(run_id),
        send_mail(),
    )


daily_followup()
