-- An operator asks for another plan on the page of a NO-TRADE; the watcher starts it in Airflow.

create table desk.plan_requests (
    ticket_id text primary key references desk.tickets (ticket_id),
    person text not null,
    created_at timestamptz not null default desk.now()
);
comment on table desk.plan_requests is 'NO-TRADE tickets whose week an operator wants planned again; once each.';

create table desk.plan_starts (
    ticket_id text primary key references desk.plan_requests (ticket_id),
    dag_run_id text not null,
    created_at timestamptz not null default desk.now()
);
comment on table desk.plan_starts is 'Requested plans that were handed to Airflow, under the name of their run there.';

call desk.make_append_only('desk.plan_requests');
call desk.make_append_only('desk.plan_starts');

-- Whether that is news: a form sent twice asks for one plan. Under the lock of the book's tickets.
create function desk.request_plan(asked_ticket_id text, asked_by text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    ticket desk.tickets := (select ticket from desk.tickets as ticket where ticket.ticket_id = asked_ticket_id);
    newer_ticket_id text;
    other_run_id text;
begin
    perform from desk.portfolios where portfolio_id = ticket.portfolio_id for no key update;
    newer_ticket_id := desk.newer_ticket(ticket.run_id);
    select run_id into other_run_id
    from desk.plans_without_ticket as plan
    where plan.portfolio_id = ticket.portfolio_id and plan.plan_week = ticket.plan_week
    order by frozen_at desc
    limit 1;
    if not exists (select from desk.people where person_id = asked_by and role = 'operator') then
        raise exception '% is no operator: only an operator has a week planned again', coalesce(asked_by, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_plans_again';
    elsif ticket.kind is distinct from 'NO-TRADE' then
        raise exception 'there is no NO-TRADE %', asked_ticket_id
            using errcode = 'check_violation', constraint = 'only_no_trade_is_planned_again';
    elsif newer_ticket_id is not null then
        raise exception 'there is a newer ticket, %', newer_ticket_id
            using errcode = 'check_violation', constraint = 'newest_is_planned_again';
    elsif other_run_id is not null then
        raise exception 'a plan of its week is under way, %', other_run_id
            using errcode = 'check_violation', constraint = 'one_plan_at_a_time';
    elsif desk.now() >= ticket.window_close_at then
        raise exception 'the execution window of its week is over'
            using errcode = 'check_violation', constraint = 'planned_again_in_time';
    end if;
    insert into desk.plan_requests (ticket_id, person) values (asked_ticket_id, asked_by) on conflict do nothing;
    if found then
        perform desk.audit(asked_by, 'plan_requested', asked_ticket_id, '{}');
    end if;
    return found;
end
$$;
comment on function desk.request_plan(text, text) is
    'Asks for another plan of the week of a NO-TRADE, once; whether that is news.';
revoke all on function desk.request_plan(text, text) from public;
grant execute on function desk.request_plan(text, text) to desk_app;
grant select on desk.plan_requests, desk.plan_starts to desk_app, desk_planner, desk_reader, desk_backup;
grant insert on desk.plan_starts to desk_planner;
