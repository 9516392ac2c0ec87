-- Who may sign in, what was mailed, what went wrong, and who did what.

create table desk.people (
    person_id text primary key check (person_id ~ '^[a-z][a-z0-9_.-]*$'),
    role text not null check (role in ('operator', 'executor')),
    email text not null check (position('@' in email) > 1),
    password_hash text not null,
    created_at timestamptz not null default desk.now()
);

create function desk.set_person(new_person_id text, new_role text, new_email text, new_password_hash text) returns void
language sql security definer
set search_path = pg_catalog, desk
begin atomic
    insert into desk.people (person_id, role, email, password_hash)
    values (new_person_id, new_role, new_email, new_password_hash)
    on conflict (person_id) do update
    set role = excluded.role, email = excluded.email, password_hash = excluded.password_hash;
end;

create table desk.outbox (
    mail_id bigint generated always as identity primary key,
    dedupe_key text not null unique,
    kind text not null check (kind in ('ticket', 'reminder', 'escalation', 'daily_report', 'alert')),
    ticket_id text references desk.tickets (ticket_id),
    recipient text not null,
    subject text not null,
    body_text text not null,
    body_html text,
    attachments jsonb not null default '[]',
    created_at timestamptz not null default desk.now()
);
comment on table desk.outbox is 'Mail to send, written in the transaction that caused it; the dedupe_key makes it once.';

create table desk.outbox_deliveries (
    mail_id bigint not null references desk.outbox (mail_id),
    attempt_number integer not null check (attempt_number >= 1),
    status text not null check (status in ('sent', 'failed')),
    detail text not null,
    created_at timestamptz not null default desk.now(),
    primary key (mail_id, attempt_number)
);
create unique index sent_once on desk.outbox_deliveries (mail_id) where status = 'sent';

create table desk.incidents (
    incident_id bigint generated always as identity primary key,
    code text not null check (code ~ '^[A-Z][A-Z0-9_]+$'),
    dedupe_key text not null unique,
    run_id text references desk.runs (run_id),
    detail text not null,
    created_at timestamptz not null default desk.now()
);

create table desk.drift_cases (
    drift_case_id bigint generated always as identity primary key,
    snapshot_id bigint not null references desk.broker_snapshots (snapshot_id),
    subject text not null,
    expected_value numeric not null,
    observed_value numeric not null,
    created_at timestamptz not null default desk.now(),
    unique (snapshot_id, subject)
);
comment on column desk.drift_cases.subject is 'A symbol, or CASH.';

create table desk.heartbeats (
    component text not null,
    beat_at timestamptz not null default desk.now(),
    detail text not null default '',
    primary key (component, beat_at)
);

create table desk.audit_log (
    seq bigint generated always as identity primary key,
    actor text not null default session_user,
    person text,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}',
    created_at timestamptz not null default desk.now()
);

call desk.make_append_only('desk.outbox');
call desk.make_append_only('desk.outbox_deliveries');
call desk.make_append_only('desk.incidents');
call desk.make_append_only('desk.drift_cases');
call desk.make_append_only('desk.heartbeats');
call desk.make_append_only('desk.audit_log');

grant select on desk.people to desk_app, desk_planner, desk_backup;
grant execute on function desk.set_person(text, text, text, text) to desk_planner;
grant insert, select on desk.outbox to desk_planner;
grant select on desk.outbox to desk_mailer, desk_app, desk_reader, desk_backup;
grant insert, select on desk.outbox_deliveries to desk_mailer;
grant select on desk.outbox_deliveries to desk_planner, desk_app, desk_reader, desk_backup;
grant insert, select on desk.incidents, desk.drift_cases, desk.heartbeats to desk_planner;
grant insert, select on desk.heartbeats to desk_mailer, desk_loader;
grant select on desk.incidents, desk.drift_cases, desk.heartbeats to desk_app, desk_reader, desk_backup, desk_dbt;
grant insert on desk.audit_log to desk_planner, desk_app, desk_mailer, desk_loader;
grant select on desk.audit_log to desk_reader, desk_backup;
