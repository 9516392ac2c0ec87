-- name: newest_ticket(portfolio_id)^
-- The ticket of a portfolio's newest plan.
select ticket.ticket_id, ticket.kind
from desk.tickets as ticket
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
where ticket.portfolio_id = :portfolio_id
order by plan.place_number desc
limit 1;

-- name: ticket_markdown(ticket_id)$
-- A ticket as it was written.
select body_markdown from desk.tickets where ticket_id = :ticket_id;

-- name: invariant_names()
-- Every view of the inv schema.
select viewname as invariant_name from pg_views where schemaname = 'inv' order by viewname;

-- name: is_halted()$
-- Whether the newest entry of the halt log engages it.
select desk.is_halted();

-- name: people()
-- Everybody who may sign in or decide.
select person_id from desk.people order by person_id;
