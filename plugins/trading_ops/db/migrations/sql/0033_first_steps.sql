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
