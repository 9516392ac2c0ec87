"""
# Weekly reconciliation

Compare the ledger with the newest broker snapshot, and open a drift case for each difference beyond
tolerance. Keep the broker's account statements that were dropped; they prove the lines. Report intended
against executed of what is confirmed, also without the bars of its days.

**It failed, now what?**

- `wait_for_turn` red: another DAG was still building after half an hour; the drift is computed anyway.
- `build_book` red: the log ends with the failed dbt nodes.
- The operator got an alert RECONCILIATION_DRIFT: `open_drift_cases` names symbol, ledger and broker figure.
  *Cases* on the page has what may explain it, the likeliest first, each with its form; book the true one,
  take a new snapshot. The reconciliation gate blocks the next plan until then.
- `ask_for_dividends` red: an overdue dividend is told with the next run.
- `compare_executions` red: a ticket's report is not written; the log says why. It comes with the next run.
- `import_statements` red: a file in the data folder's `statements/` was refused; the log names the file,
  sheet and row, what was expected and what was found. Take it out, or download it again as it is.
- `send_mail` red: a step before it broke, or the mail relay refused. Mail waits in the outbox.
"""

from airflow.sdk import TriggerRule, chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.dbt.builds import build_book, build_prices
from trading_ops_airflow.schedule import WEEKLY_RECONCILIATION
from trading_ops_airflow.tasks.ledger import ask_for_dividends, compare_executions, open_drift_cases
from trading_ops_airflow.tasks.mail import send_mail
from trading_ops_airflow.tasks.runs import freeze_inputs, wait_for_turn
from trading_ops_airflow.tasks.statements import import_statements


@dag(**desk_dag(__doc__, WEEKLY_RECONCILIATION))
def weekly_reconciliation():
    """Order the tasks of a reconciliation."""
    run_id = freeze_inputs.override(trigger_rule=TriggerRule.ALL_DONE)()
    mail = send_mail()
    chain(
        wait_for_turn(),
        run_id,
        build_prices(run_id),
        build_book(run_id),
        open_drift_cases(run_id),
        ask_for_dividends(run_id),
        compare_executions(run_id),
        mail,
    )
    # Nothing is built of them: a broken build keeps none back, nor they the rest.
    chain(run_id, import_statements(), mail)


weekly_reconciliation()
