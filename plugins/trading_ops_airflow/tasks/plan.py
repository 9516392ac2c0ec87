"""
The plan as tasks: rank, size, one task per gate, decide, issue the one ticket.

A gate that says no is a red task with its reasons and fixes in the log; the ticket is issued
whatever happened before, and names it.
"""

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trading_ops.plan.gates import GATES
from trading_ops_airflow.dag_settings import PRICES, TICKETS
from trading_ops_airflow.endings import OUTCOME
from trading_ops_airflow.roles import Role, plays


@task
def rank_universe(desk_run_id: str) -> None:
    """Store the ranking of the run's universe."""
    from trading_ops.plan import steps
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        steps.rank_universe(connection, desk_run_id)


@task
def size_orders(desk_run_id: str) -> None:
    """Store targets, intended trades and what the riskguard thinks of them."""
    from trading_ops.plan import steps
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        steps.size_orders(connection, desk_run_id)


def judge_gate(gate: str, desk_run_id: str):
    """Return the task that is green when a gate is open and red, with the reasons, when it blocks."""
    return _judge.override(task_id=f"judge_{gate}")(desk_run_id, gate)


def judge_gates(desk_run_id: str) -> list:
    """Return the judging task of every gate, so each is red or green on its own."""
    return [judge_gate(gate, desk_run_id) for gate in GATES]


@task(trigger_rule=TriggerRule.ALL_DONE)
@plays(Role.VERDICT)
def _judge(desk_run_id: str | None, gate: str) -> str:
    from trading_ops.plan import steps
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None:
        raise AirflowSkipException("no run was frozen, so there is nothing to judge")
    with desk_connection("desk_planner") as connection:
        result = steps.judge_gate(connection, desk_run_id, gate)
    blocking = []
    for check in result.checks:
        line = (
            f"{'clear  ' if check['is_clear'] else 'BLOCKED'} {check['check_name']}: {check['reason']}"
            f" (observed {check['observed_value']}, limit {check['limit_value']})"
        )
        print(line)
        if not check["is_clear"]:
            blocking.append(f"  {check['check_name']}: {check['reason']}\n    what to do: {check['fix']}")
    if result.status != "PASS":
        raise AirflowFailException(
            f"gate {gate} blocks:\n" + ("\n".join(blocking) or "  no check has a verdict")
        )
    return result.status


@task(trigger_rule=TriggerRule.ALL_DONE)
def decide(desk_run_id: str | None) -> bool:
    """Store whether the plan may be traded, and if not everything that speaks against it."""
    from trading_ops.plan import steps
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None:
        raise AirflowSkipException("no run was frozen, so there is nothing to decide")
    with desk_connection("desk_planner") as connection:
        decision = steps.decide(connection, desk_run_id, _broken_steps(connection, desk_run_id))
    print("approved" if decision.is_approved else "not approved:")
    for cause in decision.reasons:
        print(f"  {cause.key}: {cause.sentence}\n    what to do: {cause.fix}")
        for reason in cause.follows:
            print(f"      {reason.key}: {reason.sentence}")
    return decision.is_approved


@task(trigger_rule=TriggerRule.ALL_DONE, inlets=[PRICES], outlets=[TICKETS])
def issue_ticket(desk_run_id: str | None) -> str:
    """Issue the one ticket of the run; any broken step before makes it a NO-TRADE that names the step."""
    from trading_ops.db.connect import queries
    from trading_ops.tickets import issue
    from trading_ops.tickets.outcome import outcome
    from trading_ops.tickets.reasons import stored_reasons
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None:
        raise AirflowFailException(
            "no run, no ticket: freeze_inputs failed, so nothing is known that a ticket could be about; "
            "mend what its log names and clear the whole DAG run"
        )
    with desk_connection("desk_planner") as connection:
        broken = _broken_steps(connection, desk_run_id)
        ticket_id = issue.issue_ticket(connection, desk_run_id, broken)
        ticket = queries.page.ticket(connection, ticket_id=ticket_id)
        lines = list(queries.page.lines(connection, ticket_id=ticket_id))
    words = outcome(ticket["kind"], (line["value_gbp"] for line in lines), stored_reasons(ticket["reasons"]))
    print(f"ticket {ticket_id}, {words}" + (f", broken steps: {', '.join(broken)}" if broken else ""))
    get_current_context()["ti"].xcom_push(OUTCOME, words)
    return ticket_id


def _broken_steps(connection, desk_run_id: str) -> list[str]:
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.partition import failed_steps

    return failed_steps(load_run(connection, desk_run_id).signal_method == "qlib")
