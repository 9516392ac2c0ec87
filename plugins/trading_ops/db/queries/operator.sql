-- name: newest_ticket()^
-- The ticket issued last, of any portfolio.
select ticket_id, kind, portfolio_id, plan_week, issued_at
from desk.tickets
order by issued_at desc, ticket_id desc
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
