-- An incident is open until it is over: what it tells of is, by rule, or an operator says so; and somebody says that
-- it is in hand. What becomes of it are rows beside it.

create table desk.incident_events (
    incident_id bigint not null references desk.incidents (incident_id),
    kind text not null check (kind in ('acknowledged', 'closed')),
    person text not null,
    reason text not null,
    created_at timestamptz not null default desk.now(),
    primary key (incident_id, kind)
);
call desk.make_append_only('desk.incident_events');
comment on table desk.incident_events is 'Who has an incident in hand, and who or what closed it; each once.';

-- A key says its code. What a function of the desk records itself is the desk's alone: with their keys taken by
-- somebody else a halt could not be engaged.
create function desk.refuse_foreign_incident() returns trigger
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if not starts_with(new.dedupe_key, new.code || ':') then
        raise exception 'the key of an incident begins with its code: %', new.dedupe_key
            using errcode = 'check_violation', constraint = 'key_says_code';
    end if;
    if current_user <> 'desk_owner'
        and substring(new.dedupe_key from '^[^:]*') in ('KILL_SWITCH', 'SIGN_IN_BRAKED') then
        raise exception 'a % is recorded by the desk itself', new.code
            using errcode = 'insufficient_privilege', constraint = 'desk_records_its_own';
    end if;
    return new;
end
$$;
create trigger refuse_foreign_incident before insert on desk.incidents
for each row execute function desk.refuse_foreign_incident();
alter table desk.incidents enable always trigger refuse_foreign_incident;

-- A beat is a run of a DAG that did all of its work: a step of it that failed before is mended.
comment on table desk.heartbeats is 'A run of a DAG ended well: component is the DAG, detail its run.';
revoke insert on desk.heartbeats from desk_mailer, desk_loader;

-- The one place that knows when what an incident tells of is over. A code without a rule here waits for a person.
create function desk.is_incident_over(told_incident_id bigint) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with told as (
        select
            incident.code, incident.created_at, run.portfolio_id, run.kind as run_kind,
            split_part(incident.dedupe_key, ':', 2) as subject,
            substr(incident.dedupe_key, length(incident.code) + 2) as subjects
        from desk.incidents as incident
        left join desk.runs as run on run.run_id = incident.run_id
        where incident.incident_id = told_incident_id
    ),

    passed as (
        select told.code, result.gate
        from told
        inner join desk.gate_results as result on result.status = 'PASS' and result.created_at > told.created_at
        inner join desk.runs as run
            on run.run_id = result.run_id and run.portfolio_id = coalesce(told.portfolio_id, run.portfolio_id)
    ),

    -- Later tickets of the portfolio, with the kinds of causes they name.
    ticketed as (
        select ticket.ticket_id, ticket.reasons
        from told
        inner join desk.tickets as ticket
            on ticket.portfolio_id = told.portfolio_id and ticket.issued_at > told.created_at
    ),

    -- Without a portfolio nobody can say what is owed.
    owed as (
        select owed.step from told cross join lateral desk.owed(told.portfolio_id) as owed
        union all
        select 'confirm' from told where told.portfolio_id is null
    ),

    lately as (
        select later.incident_id
        from told
        inner join desk.incidents as later on later.code = told.code
        where later.created_at > desk.now() - interval '1 day'
    )

    select case told.code
        when 'STEP_FAILED' then
            exists (select from desk.heartbeats where component = told.subject and beat_at > told.created_at)
            or told.run_kind = 'plan'
            and exists (select from ticketed where not reasons @> '[{"source": "step"}]')
        when 'DATA_STALE' then exists (select from passed where gate = 'data_quality')
        when 'VENDOR_OUTAGE' then exists (select from passed where gate = 'data_quality')
        when 'RISK_BLOCKED' then exists (select from passed where gate = 'risk')
        when 'DRAWDOWN_LIMIT' then exists (select from passed where gate = 'risk')
        when 'WINDOW_MISSED' then exists (select from ticketed where not reasons @> '[{"source": "window"}]')
        when 'CONFIRMATION_MISSING' then not exists (select from owed where step = 'confirm')
        when 'SNAPSHOT_MISSING' then not exists (select from owed where step in ('confirm', 'snapshot'))
        when 'RECONCILIATION_DRIFT' then
            not exists (select from owed where step in ('confirm', 'snapshot', 'reconcile'))
        when 'KILL_SWITCH' then
            exists (select from desk.halts where kind = 'release' and halt_id > told.subject::bigint)
        when 'NO_TICKET' then exists (
            select from desk.tickets
            where portfolio_id = told.subject and plan_week = split_part(told.subjects, ':', 2)
        )
        when 'REPORT_MISSING' then
            exists (select from desk.outbox where dedupe_key = 'daily_report:' || told.subjects)
        when 'SOURCE_BLOCKED' then exists (
            select from raw.load_results
            where source = told.subject
                and outcome in ('stored', 'restated', 'unchanged')
                and created_at > told.created_at
        )
        when 'SYMBOL_DISABLED' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key = told.subjects and later.is_enabled
        )
        -- What comes and goes is over once it has stayed away for a day.
        when 'COMPONENT_DOWN' then not exists (select from lately)
        when 'DISK_LOW' then not exists (select from lately)
        when 'DATABASE_SLOW' then not exists (select from lately)
        when 'UNTRADABLE_SYMBOL' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key in (told.subjects, 'UNTRADABLE:' || told.subject) and later.is_enabled
        )
        when 'MAIL_REFUSED' then exists (
            select from desk.outbox as refused
            inner join desk.outbox as later on later.recipient = refused.recipient
            inner join desk.outbox_deliveries as delivery on delivery.mail_id = later.mail_id
            where refused.mail_id = told.subject::bigint
                and delivery.status = 'sent'
                and delivery.created_at > told.created_at
        )
        else false
    end
    from told;
end;
comment on function desk.is_incident_over(bigint) is
    'Whether what an incident tells of is over by what stands in the desk; a code without a rule never is.';

create view desk.open_incidents as
select
    incident.incident_id, incident.code, incident.dedupe_key, incident.run_id, incident.detail, incident.created_at,
    acknowledged.person as acknowledged_by, acknowledged.created_at as acknowledged_at
from desk.incidents as incident
left join desk.incident_events as acknowledged
    on acknowledged.incident_id = incident.incident_id and acknowledged.kind = 'acknowledged'
where not exists (
        select from desk.incident_events as closed
        where closed.incident_id = incident.incident_id and closed.kind = 'closed'
    )
    and not desk.is_incident_over(incident.incident_id);
comment on view desk.open_incidents is 'Incidents that are neither closed nor over.';

create function desk.acknowledge_incident(noted_incident_id bigint, noted_by text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if not exists (select from desk.people where person_id = noted_by and role <> 'gone') then
        raise exception 'nobody is called % here', coalesce(noted_by, 'null')
            using errcode = 'check_violation', constraint = 'person_acknowledges';
    end if;
    insert into desk.incident_events (incident_id, kind, person, reason)
    select incident_id, 'acknowledged', noted_by, 'it is in hand' from desk.open_incidents
    where incident_id = noted_incident_id
    on conflict do nothing;
    if found then
        perform desk.audit(noted_by, 'incident_acknowledged', format('incident/%s', noted_incident_id), '{}');
    end if;
    return found;
end
$$;
comment on function desk.acknowledge_incident(bigint, text) is
    'Says that a person has an open incident in hand; whether that is news.';

-- The desk closes what is over; what is not, an operator, with a reason.
create function desk.close_incident(noted_incident_id bigint, noted_by text, close_reason text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if length(trim(coalesce(close_reason, ''))) = 0 then
        raise exception 'an incident is closed with a reason'
            using errcode = 'check_violation', constraint = 'closed_with_reason';
    end if;
    if noted_by = 'desk' then
        if desk.is_incident_over(noted_incident_id) is not true then
            raise exception 'incident % is not over', noted_incident_id
                using errcode = 'check_violation', constraint = 'desk_closes_what_is_over';
        end if;
    elsif not exists (select from desk.people where person_id = noted_by and role = 'operator') then
        raise exception '% is no operator: only an operator closes an incident', coalesce(noted_by, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_closes';
    elsif exists (select from desk.open_incidents where incident_id = noted_incident_id and code = 'KILL_SWITCH') then
        raise exception 'the desk is halted: its release closes this'
            using errcode = 'check_violation', constraint = 'release_closes_halt';
    end if;
    insert into desk.incident_events (incident_id, kind, person, reason)
    select incident_id, 'closed', noted_by, trim(close_reason) from desk.incidents
    where incident_id = noted_incident_id
    on conflict do nothing;
    if found then
        perform desk.audit(
            noted_by, 'incident_closed', format('incident/%s', noted_incident_id),
            jsonb_build_object('reason', trim(close_reason))
        );
    end if;
    return found;
end
$$;
comment on function desk.close_incident(bigint, text, text) is 'Closes an incident, once; whether that is news.';

-- As before, and the first press is an incident, whoever pressed and wherever.
create or replace function desk.engage_halt(halt_reason text, halt_person text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    told_reason text := coalesce(nullif(trim(halt_reason), ''), 'no reason was given yet');
    was_halted boolean;
    new_halt_id bigint;
begin
    perform desk.close_halt_gate();
    was_halted := desk.is_halted();
    insert into desk.halts (kind, reason, person) values ('engage', told_reason, halt_person)
    returning halt_id into new_halt_id;
    perform desk.audit(halt_person, 'halt_engaged', 'halt', jsonb_build_object('reason', told_reason));
    if not was_halted then
        insert into desk.incidents (code, dedupe_key, detail)
        values (
            'KILL_SWITCH', 'KILL_SWITCH:' || new_halt_id, format('%s halted the desk: %s', halt_person, told_reason)
        );
    end if;
end
$$;

-- Nobody has an old one in hand, and nobody is to be written to about it again.
insert into desk.incident_events (incident_id, kind, person, reason)
select incident_id, 'closed', 'desk', 'it is of before incidents had an end' from desk.incidents;

grant select on desk.incident_events, desk.open_incidents to desk_app, desk_planner, desk_reader, desk_backup;
revoke all on function
    desk.is_incident_over(bigint), desk.acknowledge_incident(bigint, text), desk.close_incident(bigint, text, text)
from public;
-- A view asks its functions as whoever reads it.
grant execute on function desk.is_incident_over(bigint) to desk_app, desk_planner, desk_reader, desk_backup;
grant execute on function desk.acknowledge_incident(bigint, text), desk.close_incident(bigint, text, text)
to desk_app, desk_planner;
