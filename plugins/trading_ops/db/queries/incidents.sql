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

-- name: engage_halt(reason, person)!
-- Stops every TRADE ticket from now on.
select desk.engage_halt(:reason, :person);

-- name: release_halt(reason, person)$
-- Ends a halt; refused without a broker snapshot newer than it.
select desk.release_halt(:reason, :person);

-- name: review_drawdown(portfolio_id, reason, person)$
-- Lets the peak be counted anew from the session of the newest plan; refused unless that found it beyond its limit.
select desk.review_drawdown(:portfolio_id, :reason, :person);
