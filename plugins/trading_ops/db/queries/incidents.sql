-- name: insert_incident(code, dedupe_key, run_id, detail)$
-- Records an incident once per dedupe_key; returns its number the first time and nothing after.
insert into desk.incidents (code, dedupe_key, run_id, detail)
values (:code, :dedupe_key, :run_id, :detail)
on conflict (dedupe_key) do nothing
returning incident_id;

-- name: untold(codes)
-- Incidents of these codes that no alert tells of yet, the oldest first.
select code, dedupe_key, run_id, detail
from desk.incidents
where code = any(:codes)
    and not exists (select from desk.outbox where outbox.dedupe_key = 'alert:' || incidents.dedupe_key)
order by incident_id;

-- name: still_open()
-- Incidents that are neither closed nor over, the oldest first.
select incident_id, code, dedupe_key, run_id, detail, created_at, acknowledged_by, acknowledged_at
from desk.open_incidents
order by incident_id;

-- name: over()
-- Incidents that are over and not closed yet, the oldest first.
select incident_id, code, dedupe_key, detail
from desk.incidents
where not exists (
        select from desk.incident_events as closed
        where closed.incident_id = incidents.incident_id and closed.kind = 'closed'
    )
    and desk.is_incident_over(incident_id)
order by incident_id;

-- name: unattended(raised_before)
-- Open incidents that nobody acknowledged in time and that were not told again, the oldest first.
select incident_id, code, dedupe_key, run_id, detail, created_at
from desk.open_incidents
where acknowledged_by is null
    and created_at <= :raised_before
    and not exists (
        select from desk.outbox where outbox.dedupe_key = 'alert:' || open_incidents.dedupe_key || ':again'
    )
order by incident_id;

-- name: told_to(dedupe_key)$
-- Whom a letter went to.
select recipient from desk.outbox where dedupe_key = :dedupe_key;

-- name: acknowledge_incident(incident_id, person)$
-- Says that a person has an open incident in hand; whether that is news.
select desk.acknowledge_incident(:incident_id, :person);

-- name: close_incident(incident_id, person, reason)$
-- Closes an incident, the desk what is over and an operator what is not; whether that is news.
select desk.close_incident(:incident_id, :person, :reason);

-- name: beat(component, detail)!
-- Writes down that a run of a DAG did all of its work.
insert into desk.heartbeats (component, detail) values (:component, :detail) on conflict do nothing;

-- name: release_said()$
-- Who ended the newest halt, and why.
select person || ' released the halt: ' || reason from desk.halts
where kind = 'release' order by halt_id desc limit 1;

-- name: engage_halt(reason, person)!
-- Stops every TRADE ticket from now on.
select desk.engage_halt(:reason, :person);

-- name: release_halt(reason, person)$
-- Ends a halt; refused without a broker snapshot newer than it.
select desk.release_halt(:reason, :person);

-- name: review_drawdown(portfolio_id, reason, person)$
-- Lets the peak be counted anew from the session of the newest plan; refused unless that found it beyond its limit.
select desk.review_drawdown(:portfolio_id, :reason, :person);
