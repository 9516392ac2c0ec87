-- A test ticket: what the executor works through before the first real one, in no book and on no ticket.

create table desk.test_tickets (
    test_ticket_id text primary key check (test_ticket_id ~ '^TEST-[0-9a-z]{8}$'),
    portfolio_id text not null references desk.portfolios (portfolio_id),
    created_at timestamptz not null default desk.now()
);
comment on table desk.test_tickets is 'Test tickets sent; no plan, book or gate knows of them.';

create table desk.test_confirmations (
    test_ticket_id text primary key references desk.test_tickets (test_ticket_id),
    person text not null,
    request jsonb not null,
    created_at timestamptz not null default desk.now()
);
comment on table desk.test_confirmations is 'Who worked a test ticket through, and the figures they typed in; once each.';

call desk.make_append_only('desk.test_tickets');
call desk.make_append_only('desk.test_confirmations');

-- request: as desk.record_confirmation takes it. Once per test ticket: whoever sends it again finds it done.
create function desk.record_test_confirmation(request jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    insert into desk.test_confirmations (test_ticket_id, person, request)
    values (request ->> 'ticket_id', request ->> 'person', request)
    on conflict (test_ticket_id) do nothing;
    if found then
        perform desk.audit(request ->> 'person', 'test_ticket_confirmed', request ->> 'ticket_id', request);
    end if;
end
$$;
revoke all on function desk.record_test_confirmation(jsonb) from public;
grant execute on function desk.record_test_confirmation(jsonb) to desk_app;
grant select on desk.test_tickets, desk.test_confirmations to desk_app, desk_planner, desk_reader, desk_backup;
grant insert on desk.test_tickets to desk_planner;

alter table desk.outbox
    drop constraint outbox_kind_check,
    add constraint outbox_kind_check
        check (kind in ('ticket', 'reminder', 'escalation', 'daily_report', 'alert', 'test'));

-- While the executor is away nothing is traded: the plan of such a week ends as a planned NO-TRADE.

create table desk.absences (
    absence_id bigint generated always as identity primary key,
    person text not null,
    first_date date not null,
    last_date date not null,
    created_at timestamptz not null default desk.now(),
    check (last_date between first_date and first_date + 366)
);
comment on table desk.absences is 'Days somebody is away, the first and the last of them included.';

create table desk.absence_cancellations (
    absence_id bigint primary key references desk.absences (absence_id),
    created_at timestamptz not null default desk.now()
);
comment on table desk.absence_cancellations is 'Absences that were called off.';

call desk.make_append_only('desk.absences');
call desk.make_append_only('desk.absence_cancellations');

create view desk.absences_now as
select absence_id, person, first_date, last_date
from desk.absences as absence
where not exists (
    select from desk.absence_cancellations as cancellation where cancellation.absence_id = absence.absence_id
);
comment on view desk.absences_now is 'Absences that were not called off.';

create function desk.record_absence(person_name text, first_day date, last_day date) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    new_absence_id bigint;
begin
    insert into desk.absences (person, first_date, last_date) values (person_name, first_day, last_day)
    returning absence_id into new_absence_id;
    perform desk.audit(
        person_name, 'absence', format('absence/%s', new_absence_id),
        jsonb_build_object('first_date', first_day, 'last_date', last_day)
    );
    return new_absence_id;
end
$$;

-- Whether there was such an absence; called off again it stays called off.
create function desk.cancel_absence(cancelled_id bigint) returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    person_name text;
begin
    select person into person_name from desk.absences where absence_id = cancelled_id;
    if not found then
        return false;
    end if;
    insert into desk.absence_cancellations (absence_id) values (cancelled_id) on conflict do nothing;
    if found then
        perform desk.audit(person_name, 'absence_cancelled', format('absence/%s', cancelled_id), '{}');
    end if;
    return true;
end
$$;

-- Who is away and how long, when nobody is there to execute on a day; null while one executor is.
create function desk.executor_away(day date) returns text
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select string_agg(
        format('%s is away from %s to %s (absence %s)', person.person_id, absence.first_date, absence.last_date,
            absence.absence_id), ', ' order by person.person_id
    )
    from desk.people as person
    left join lateral (
        select * from desk.absences_now
        where absences_now.person = person.person_id and day between first_date and last_date
        order by last_date desc, absence_id
        limit 1
    ) as absence on true
    where person.role = 'executor'
    having count(*) = count(absence.absence_id);
end;

revoke all on function desk.record_absence(text, date, date), desk.cancel_absence(bigint),
    desk.executor_away(date) from public;
grant execute on function desk.record_absence(text, date, date), desk.cancel_absence(bigint),
    desk.executor_away(date) to desk_planner;
grant select on desk.absences, desk.absence_cancellations, desk.absences_now
    to desk_planner, desk_reader, desk_backup;

-- What was taken back after the gate was judged stops the ticket as well, and so does whoever went away since.
create function desk.refuse_unready_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    objections text;
    away text := desk.executor_away((new.window_open_at at time zone 'America/New_York')::date);
begin
    if new.kind = 'TRADE' then
        select string_agg(found.objection, '; ' order by found.check_name) into objections
        from desk.readiness_objections(new.run_id) as found;
        if objections is not null then
            raise exception 'the desk is not ready to trade: %', objections
                using errcode = 'integrity_constraint_violation', constraint = 'desk_is_ready';
        end if;
        if away is not null then
            raise exception 'nobody executes orders: %', away
                using errcode = 'integrity_constraint_violation', constraint = 'executor_is_there';
        end if;
    end if;
    return new;
end
$$;
create trigger refuse_unready_trade before insert on desk.tickets
for each row execute function desk.refuse_unready_trade();
alter table desk.tickets enable always trigger refuse_unready_trade;
