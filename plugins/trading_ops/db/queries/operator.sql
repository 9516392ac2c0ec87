-- name: newest_ticket()^
-- The ticket of the newest plan that has one, of any portfolio.
select ticket.ticket_id, ticket.kind, ticket.portfolio_id, ticket.plan_week, ticket.issued_at
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
order by run.frozen_at desc, ticket.ticket_id desc
limit 1;

-- name: desk(portfolio_id)^
-- Which desk this database is, and the kind of its book, null before there is one.
select
    instance.instance_id::text as instance_id, instance.environment, portfolio.kind as portfolio_kind,
    desk.is_halted() as is_halted
from desk.instance
left join desk.portfolios as portfolio on portfolio.portfolio_id = :portfolio_id;

-- name: readiness(portfolio_id)^
-- What a desk needs before it may trade, as far as the database knows it.
select
    (select kind from desk.portfolios where portfolio_id = :portfolio_id) as portfolio_kind,
    (select max(created_at) from desk.outbox_deliveries where status = 'sent' and detail like 'accepted by %%') as mailed_at,
    (select count(*) from desk.people where role = 'operator') as operators,
    (select count(*) from desk.people where role = 'executor') as executors,
    (select max(started_at) from raw.loads) as loaded_at,
    (select policy_hash from desk.config_policy where is_active) as policy_hash,
    (select max(taken_at) from desk.broker_snapshots where portfolio_id = :portfolio_id) as snapshot_at;

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
-- Everybody who may sign in or decide, and who could once (role `gone`).
select person_id, role, email, password_hash from desk.people order by person_id;
