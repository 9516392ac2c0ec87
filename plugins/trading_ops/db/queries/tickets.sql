-- name: owed(portfolio_id, planned_at)
-- What people owe a portfolio before a plan frozen at an instant, in the order it is to be done.
select actor, step, subject, detail, from_at, due_at
from desk.owed(:portfolio_id, :planned_at) with ordinality
order by ordinality;

-- name: chased_ticket(portfolio_id, ticket_id)^
-- A ticket of the portfolio, the newest where ticket_id is null, with when a letter about it is due and what it says.
select
    ticket.ticket_id, ticket.run_id, ticket.kind, ticket.issued_at,
    ticket.window_open_at, ticket.window_close_at, ticket.deadline_at,
    portfolio.kind as portfolio_kind, instance.environment,
    -- Away in the ticket's session, and still.
    desk.executor_away((ticket.window_open_at at time zone 'America/New_York')::date) is not null
        and desk.executor_away((desk.now() at time zone 'Europe/London')::date) is not null as is_executor_away
from desk.tickets as ticket
inner join desk.portfolios as portfolio on portfolio.portfolio_id = ticket.portfolio_id
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
cross join desk.instance
where ticket.portfolio_id = :portfolio_id and ticket.ticket_id = coalesce(:ticket_id, ticket.ticket_id)
order by plan.place_number desc
limit 1;

-- name: newer_ticket(run_id)$
-- The newest ticket of a plan later than that of a run; null when there is none.
select desk.newer_ticket(:run_id);

-- name: lock_ticketing(run_id)!
-- One ticket at a time per portfolio, so a second caller finds the first one's ticket.
select pg_advisory_xact_lock(hashtext('trading_ops.ticket'), hashtext(portfolio_id))
from desk.runs
where run_id = :run_id;

-- name: ticket_of_run(run_id)^
-- The ticket of a run as it was stored.
select ticket_id, kind, body_json, body_markdown, content_sha256
from desk.tickets
where run_id = :run_id;

-- name: run(run_id)^
-- A run with its portfolio's kind and the database's environment beside it.
select run.*, portfolio.kind as portfolio_kind, instance.environment
from desk.runs as run
inner join desk.portfolios as portfolio on portfolio.portfolio_id = run.portfolio_id
cross join desk.instance
where run.run_id = :run_id;

-- name: insert_ticket(ticket_id, run_id, portfolio_id, plan_week, kind, reasons, body_json, body_markdown, content_sha256, window_open_at, window_close_at, deadline_at)!
-- Stores a ticket; the database refuses a TRADE whose gates did not all pass for the same run.
insert into desk.tickets (
    ticket_id, run_id, portfolio_id, plan_week, kind, reasons, body_json, body_markdown, content_sha256,
    window_open_at, window_close_at, deadline_at
) values (
    :ticket_id, :run_id, :portfolio_id, :plan_week, :kind, :reasons, :body_json, :body_markdown, :content_sha256,
    :window_open_at, :window_close_at, :deadline_at
);

-- name: insert_ticket_line(ticket_id, line_number, run_id, etoro_search_name, order_type)!
-- Stores one order line of a TRADE ticket.
insert into desk.ticket_lines (ticket_id, line_number, run_id, etoro_search_name, order_type)
values (:ticket_id, :line_number, :run_id, :etoro_search_name, :order_type);

-- name: check_ticket_now()!
-- Runs the checks that otherwise wait for the commit, so a refusal can still become a NO-TRADE.
set constraints all immediate;

-- name: untold_test_confirmations(portfolio_id)
-- Test tickets of a portfolio that somebody has worked through and nobody was told of, the first one first.
select ticket.test_ticket_id, confirmation.person, confirmation.created_at
from desk.test_confirmations as confirmation
inner join desk.test_tickets as ticket on ticket.test_ticket_id = confirmation.test_ticket_id
where ticket.portfolio_id = :portfolio_id
    and not exists (
        select from desk.outbox where outbox.dedupe_key = 'test:' || ticket.test_ticket_id || ':confirmed'
    )
order by confirmation.created_at, ticket.test_ticket_id;

-- name: insert_test_ticket(test_ticket_id, portfolio_id)!
-- A test ticket was sent.
insert into desk.test_tickets (test_ticket_id, portfolio_id) values (:test_ticket_id, :portfolio_id);
