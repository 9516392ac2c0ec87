-- name: newest_ticket(portfolio_id)^
-- The ticket of a portfolio's newest plan.
select ticket.ticket_id, ticket.kind
from desk.tickets as ticket
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
where ticket.portfolio_id = :portfolio_id
order by plan.place_number desc
limit 1;

-- name: desk(portfolio_id)^
-- Which desk this database is, and the kind of its book, null before there is one.
select
    instance.instance_id::text as instance_id, instance.environment, portfolio.kind as portfolio_kind,
    desk.is_halted() as is_halted
from desk.instance
left join desk.portfolios as portfolio on portfolio.portfolio_id = :portfolio_id;

-- name: instance_of_any_version()$
-- The row of a database about itself, as an object: what it has columns for depends on its version.
select to_jsonb(instance) from desk.instance as instance;

-- name: readiness(portfolio_id, mail_way, mail_addresses)^
-- What a desk needs before it may trade, as far as the database knows it.
select
    (select kind from desk.portfolios where portfolio_id = :portfolio_id) as portfolio_kind,
    (select max(created_at) from desk.outbox_deliveries where status = 'sent' and detail like 'accepted by %%') as mailed_at,
    (select count(*) from desk.people where role = 'operator') as operators,
    (select count(*) from desk.people where role = 'executor') as executors,
    (select max(started_at) from raw.loads) as loaded_at,
    (select policy_hash from desk.config_policy where is_active) as policy_hash,
    (select max(taken_at) from desk.broker_snapshots where portfolio_id = :portfolio_id) as snapshot_at,
    desk.mail_objection(:mail_way, :mail_addresses) as mail_objection,
    (
        select format('%%s at %%s', confirmation.person, to_char(confirmation.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'))
        from desk.test_confirmations as confirmation
        inner join desk.test_tickets as ticket on ticket.test_ticket_id = confirmation.test_ticket_id
        where ticket.portfolio_id = :portfolio_id
        order by confirmation.created_at desc
        limit 1
    ) as test_confirmed;

-- name: sources_asked(asked_since)
-- Which sources were asked since an instant, and how many symbols or rates each gave.
select source, count(*) filter (where outcome in ('stored', 'restated', 'unchanged')) as given_count
from raw.load_results
where created_at >= :asked_since
group by source
order by source;

-- name: ticket_markdown(ticket_id)$
-- A ticket as it was written.
select body_markdown from desk.tickets where ticket_id = :ticket_id;

-- name: invariant_names()
-- Every view of the inv schema.
select viewname as invariant_name from pg_views where schemaname = 'inv' order by viewname;

-- name: newest_gate(portfolio_id, gate)^
-- How a gate was judged last, with its checks.
select run.run_id, run.kind, run.as_of_date, result.status, result.checks
from desk.gate_results as result
inner join desk.runs as run on run.run_id = result.run_id
where run.portfolio_id = :portfolio_id and result.gate = :gate
order by result.created_at desc, run.frozen_at desc, run.run_id desc
limit 1;

-- name: is_halted()$
-- Whether the newest entry of the halt log engages it.
select desk.is_halted();

-- name: people()
-- Everybody who may sign in or decide, and who could once (role `gone`).
select person_id, role, email, password_hash from desk.people order by person_id;

-- name: absences()
-- Who is away when, today and later.
select absence_id, person, first_date, last_date
from desk.absences_now
where last_date >= (desk.now() at time zone 'Europe/London')::date
order by first_date, absence_id;

-- name: record_absence(person, first_date, last_date)$
-- Somebody is away from a day to another.
select desk.record_absence(:person, :first_date, :last_date);

-- name: cancel_absence(absence_id)$
-- Calls an absence off; false when there is none.
select desk.cancel_absence(:absence_id);
