"""
The last task of every DAG: deliver the mail, and be red when the run did not do its work.

A DAG run is what its last task is, so that task looks back at the steps before it.
"""

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException


@task(trigger_rule=TriggerRule.ALL_DONE)
def send_mail() -> dict[str, int]:
    """Deliver the outbox; red when a step of this DAG run broke, after telling the operator."""
    from trading_ops_airflow.partition import failed_steps

    broken = failed_steps()
    if broken:
        _tell_operator(broken)
    counts = _deliver()
    if broken:
        raise AirflowFailException(
            f"mail is out, but these steps broke: {', '.join(broken)}; their logs say why"
        )
    _beat()
    return counts


@task(trigger_rule=TriggerRule.ALL_DONE)
def send_ticket(ticket_id: str | None) -> dict[str, int]:
    """Deliver the ticket; red when there is none, after telling the operator."""
    from trading_ops_airflow.partition import failed_steps

    if ticket_id is None:
        _tell_operator([*failed_steps(), "no ticket was issued"])
    counts = _deliver()
    if ticket_id is None:
        raise AirflowFailException("this run issued no ticket; the log of issue_ticket says why")
    if not failed_steps():
        _beat()
    return counts


@task
def remind_people() -> str:
    """Write the letters that are due to whoever owes the desk something."""
    from trading_ops.config.files import read_policy
    from trading_ops.db import clock
    from trading_ops.settings import settings
    from trading_ops.tickets.reminders import remind
    from trading_ops_airflow.connections import desk_connection

    config = settings()
    with desk_connection("desk_planner") as connection:
        report = remind(connection, config, read_policy(config).reminders, clock.now(connection))
    owed = "; ".join(f"{one.actor}: {one.words}" for one in report.owed)
    print(f"ticket {report.ticket_id}, rung {report.rung}; owed: {owed or 'nothing'}")
    return report.rung


def _deliver() -> dict[str, int]:
    from trading_ops.comms.post import deliver_outbox
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection, mail_account_of

    report = deliver_outbox(desk_connection, settings(), mail_account_of)
    # Of those refused for good and of silent channels incidents tell: another try changes nothing.
    for mail_id, reason in report.failed + report.refused + report.unheard:
        print(f"mail {mail_id} was not delivered: {reason}")
    print(f"{len(report.sent)} mails delivered")
    if report.failed:
        # A relay that is down may be up again in a minute; what was sent is not sent twice.
        raise ConnectionError(f"{len(report.failed)} mails were not delivered: {report.failed[0][1]}")
    return {"sent": len(report.sent)}


def _beat() -> None:
    """Write down that this DAG run did all of its work: what an earlier one told of is over."""
    from trading_ops.db.connect import queries
    from trading_ops_airflow.connections import desk_connection

    dag_run = get_current_context()["dag_run"]
    with desk_connection("desk_planner") as connection:
        queries.incidents.beat(connection, component=dag_run.dag_id, detail=dag_run.run_id)


def _tell_operator(broken: list[str]) -> None:
    from trading_ops.comms.incidents import raise_incident
    from trading_ops_airflow.connections import desk_connection

    dag_run = get_current_context()["dag_run"]
    key = f"{dag_run.dag_id}:{dag_run.run_id}"
    detail = f"{key}: {', '.join(broken)}"
    with desk_connection("desk_planner") as connection:
        raise_incident(connection, "STEP_FAILED", f"STEP_FAILED:{key}", detail)
