"""
# Daily market data

After each NYSE session: load the vendor files, fetch what is missing, publish prices, value the book, judge
the data, report by mail; beside it, what the models in use say of the session. Every task may be cleared and
run again; nothing is counted twice.

**It failed, now what?**

- `load_bars` red: no file could be read, the session is not over, the inbox lies where the settings do not
  allow one, or config/sources.yml or the file of keys cannot be used. The log names file, line and reason,
  and what was left alone. Put a good file into the inbox, or mend the configuration, and clear the task.
- `load_bars` green with the incident SOURCE_BLOCKED: a vendor refuses the desk and the next one was asked.
  Look at its key; nobody answers a bot check. What no source delivered is in the task's log.
- `build_prices` or `build_book` red: the log ends with the failed dbt nodes. Yesterday's publication stays.
  Mend the data or the model, then clear the task.
- `judge_data_quality` red: the gate blocks, and its log says which check and what to do. Nothing else has to
  be repaired; the next plan stays a NO-TRADE until the check is clear.
- `disable_symbols` red: a symbol without bars may be planned on until it is cleared. Green, it has switched
  off what lacked too many sessions in a row, each with an incident; `trading-ops universe enable` takes it
  back.
- `export_dataset`, `make_dataset`, `score_*` or `store_*` red, and with it the run: the models' scores of
  this session are missing, and nothing waits for them. Mend what the log names and clear the task.
- `compare_executions` red: a ticket's report is not written; the log says why. It comes with the next run.
- `send_mail` red: a step before it broke, or the mail relay refused. Nothing is lost: mail waits in the
  outbox.
"""

from airflow.sdk import TriggerRule, chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.dbt.builds import build_book, build_gates, build_prices
from trading_ops_airflow.qlib.scoring import scored_by_models
from trading_ops_airflow.schedule import DAILY_MARKET_DATA
from trading_ops_airflow.tasks.bars import load_bars
from trading_ops_airflow.tasks.ledger import believe_splits, compare_executions
from trading_ops_airflow.tasks.mail import send_mail
from trading_ops_airflow.tasks.plan import judge_gate
from trading_ops_airflow.tasks.reports import write_daily_report
from trading_ops_airflow.tasks.runs import freeze_inputs
from trading_ops_airflow.tasks.universe import disable_symbols


@dag(**desk_dag(__doc__, DAILY_MARKET_DATA))
def daily_market_data():
    """Order the daily tasks."""
    run_id = freeze_inputs()
    prices = build_prices(run_id)
    chain(
        load_bars(),
        run_id,
        prices,
        believe_splits(run_id),
        build_book(run_id),
        build_gates(run_id, TriggerRule.ALL_SUCCESS),
        judge_gate("data_quality", run_id),
        disable_symbols(run_id),
        write_daily_report(run_id),
        compare_executions(run_id),
        send_mail(),
    )
    scored_by_models(run_id, after=prices)


daily_market_data()
