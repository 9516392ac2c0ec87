-- name: newest_trade_ticket(portfolio_id)^
-- The portfolio's newest TRADE ticket with what a letter about it says.
select
    ticket.ticket_id, ticket.run_id, ticket.window_close_at, ticket.deadline_at,
    portfolio.kind as portfolio_kind, instance.environment
from desk.tickets as ticket
inner join desk.portfolios as portfolio on portfolio.portfolio_id = ticket.portfolio_id
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
cross join desk.instance
where ticket.portfolio_id = :portfolio_id and ticket.kind = 'TRADE'
order by plan.place_number desc
limit 1;

-- name: newer_ticket(run_id)$
-- The newest ticket of a plan later than that of a run; null when there is none.
select desk.newer_ticket(:run_id);

-- name: unconfirmed_lines(ticket_id)
-- Lines of a ticket nobody has confirmed.
select line.line_number
from desk.ticket_lines as line
where line.ticket_id = :ticket_id
    and not exists (
        select from desk.confirmations as confirmation
        where confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
    )
order by line.line_number;

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
