-- name: simulated_now_at()$
-- What the simulated clock was last set to, or null when it runs with the real one.
select now_at from desk.simulated_clock;

-- name: newest_run_id(portfolio_id)$
-- The run of a portfolio that was frozen last.
select run_id from desk.runs where portfolio_id = :portfolio_id order by frozen_at desc, run_id desc limit 1;

-- name: newest_ticket_of_session(portfolio_id, as_of_date)^
-- The ticket of a portfolio's newest plan for a session.
select ticket.ticket_id, ticket.kind, ticket.body_json, ticket.window_open_at, ticket.window_close_at
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
where run.portfolio_id = :portfolio_id and run.as_of_date = :as_of_date
order by run.attempt_number desc
limit 1;

-- name: confirmed_line_numbers(ticket_id)
-- The lines of a ticket that have an answer.
select distinct line_number from desk.confirmations where ticket_id = :ticket_id;

-- name: lines_without_confirmation(portfolio_id)
-- The lines of a portfolio's tickets that nobody answered yet.
select line.ticket_id, line.line_number
from desk.ticket_lines as line
inner join desk.tickets as ticket on ticket.ticket_id = line.ticket_id
left join desk.confirmations as confirmation
    on confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
where ticket.portfolio_id = :portfolio_id and confirmation.confirmation_id is null
order by line.ticket_id, line.line_number;

-- name: newest_snapshot_at(portfolio_id)$
-- When the newest broker snapshot of a portfolio was taken.
select max(taken_at) from desk.broker_snapshots where portfolio_id = :portfolio_id;

-- name: ticket_summary(portfolio_id)
-- One row per ticket of a portfolio: its week, its gates and its first reason.
select
    ticket.plan_week,
    run.as_of_date,
    ticket.ticket_id,
    ticket.kind,
    max(result.status) filter (where result.gate = 'data_quality') as data_quality,
    max(result.status) filter (where result.gate = 'confirmation') as confirmation,
    max(result.status) filter (where result.gate = 'reconciliation') as reconciliation,
    max(result.status) filter (where result.gate = 'risk') as risk,
    coalesce(
        ticket.reasons -> 0 ->> 'reason',
        (select count(*) from desk.ticket_lines as line where line.ticket_id = ticket.ticket_id) || ' lines'
    ) as reason
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
left join desk.gate_results as result on result.run_id = ticket.run_id
where ticket.portfolio_id = :portfolio_id
group by ticket.ticket_id, run.as_of_date
order by run.as_of_date, ticket.ticket_id;

-- name: newest_bar_date()$
-- The newest session any vendor file has a bar for.
select max(session_date) from raw.eod_bars;
