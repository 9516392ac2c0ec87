"""
# Reminders

Ask whoever owes the desk something for it: as the window opens, after it has closed, before the deadline, at
the deadline (then the operator hears as well), and each morning until it is done. Nothing is owed: no letter.
The times are the policy's `reminders`; a run that finds nothing due ends at once.

**It failed, now what?**

- `remind_people` red: no letter was written; the log says why, most often a policy that cannot be used.
  Mend it and clear the task: a letter is sent once per ticket and rung.
- `send_mail` red: the mail relay refused, or the step before it broke. Mail waits in the outbox and goes out
  with the next run of any DAG.
- No run at all: the policy was unreadable when Airflow asked for the next time. Mend it; Airflow asks again
  by itself.
"""

from airflow.sdk import chain, dag

from trading_ops_airflow.dag_settings import desk_dag
from trading_ops_airflow.schedule import DAILY_REMINDERS
from trading_ops_airflow.tasks.mail import remind_people, send_mail


@dag(**desk_dag(__doc__, DAILY_REMINDERS))
def daily_reminders():
    """Write what is due, then deliver it."""
    chain(remind_people(), send_mail())


daily_reminders()
