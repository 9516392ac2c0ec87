-- What whoever watches asks from outside Airflow, and the page with it.

-- name: opened_at(portfolio_id)$
-- When a portfolio came to be; null before there is one.
select created_at from desk.portfolios where portfolio_id = :portfolio_id;

-- name: ticket_state(portfolio_id, plan_week, incident)^
-- Whether a week has its ticket, or a frozen plan that may still make it, and whether its absence is told.
select
    exists (
        select from desk.tickets where portfolio_id = :portfolio_id and plan_week = :plan_week
    ) as is_there,
    exists (
        select from desk.plans_without_ticket where portfolio_id = :portfolio_id and plan_week = :plan_week
    ) as is_under_way,
    exists (select from desk.incidents where dedupe_key = :incident) as is_told;

-- name: report_state(outbox_key, incident)^
-- Whether a daily report is written, which its mail proves, and whether its absence is told.
select
    exists (select from desk.outbox where dedupe_key = :outbox_key) as is_there,
    false as is_under_way,
    exists (select from desk.incidents where dedupe_key = :incident) as is_told;

-- name: given_up(portfolio_id, frozen_before)
-- Plans without a ticket that were frozen so long ago that nothing works on them any more, the newest first: one that cannot be
-- ended keeps no later one waiting.
select run_id, plan_week, frozen_at
from desk.plans_without_ticket
where portfolio_id = :portfolio_id and frozen_at <= :frozen_before
order by frozen_at desc, run_id;

-- name: unfinished_step(run_id)$
-- The first step of a plan whose result the desk does not have.
select case
    when exists (select from desk.decisions where run_id = :run_id) then 'issue_ticket'
    when exists (select from desk.gate_results where run_id = :run_id) then 'decide'
    when exists (select from desk.risk_checks where run_id = :run_id) then 'build_gates'
    when exists (
        select from desk.signals_ranked as signal
        inner join desk.runs as run on run.run_id = signal.run_id and run.signal_method = signal.method
        where signal.run_id = :run_id
    ) then 'size_orders'
    else 'rank_universe'
end;

-- name: has_ended(dag_id, due_at)$
-- Whether a run of a DAG has done all of its work since it was due, or has an incident of its own.
select
    exists (select from desk.heartbeats where component = :dag_id and beat_at >= :due_at)
    or exists (
        select from desk.incidents
        where starts_with(dedupe_key, 'STEP_FAILED:' || :dag_id || ':') and created_at >= :due_at
    );

-- name: paused_dags()
-- The DAGs of the desk that were paused when the watcher looked last.
select dag_id from desk.dag_switches group by dag_id having desk.is_dag_paused(dag_id);

-- name: switch_dag(dag_id, is_paused)$
-- Writes down that a DAG is paused, or not any more, and returns the number of the note.
insert into desk.dag_switches (dag_id, is_paused) values (:dag_id, :is_paused) returning switch_id;

-- name: requested_plans(portfolio_id)
-- Plans an operator asked for that were not handed to Airflow yet, while nothing came after and their window is not over.
select request.ticket_id, run.as_of_date
from desk.plan_requests as request
inner join desk.tickets as ticket on ticket.ticket_id = request.ticket_id
inner join desk.runs as run on run.run_id = ticket.run_id
where ticket.portfolio_id = :portfolio_id
    and ticket.window_close_at > desk.now()
    and desk.newer_ticket(ticket.run_id) is null
    and not exists (select from desk.plan_starts as start where start.ticket_id = request.ticket_id)
order by request.created_at, request.ticket_id;

-- name: start_plan(ticket_id, dag_run_id)$
-- Writes down that a requested plan was handed to Airflow; nothing when somebody did before.
insert into desk.plan_starts (ticket_id, dag_run_id) values (:ticket_id, :dag_run_id)
on conflict do nothing returning ticket_id;
