-- A TRADE is of the book that its plan judged: what was booked since is another book.

-- As before, and an entry that was recorded after the plan was frozen refuses its TRADE. A split is booked by the plan itself.
create or replace function desk.refuse_overtaken_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    other_ticket_id text;
    later record;
begin
    perform from desk.portfolios where portfolio_id = new.portfolio_id for no key update;
    if new.kind <> 'TRADE' then
        return new;
    end if;
    other_ticket_id := desk.newer_ticket(new.run_id);
    if other_ticket_id is not null then
        raise exception 'a later plan has its ticket % already', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'newest_plan_trades';
    end if;
    -- Two of the same session are refused by their index, which says it better.
    select ticket.ticket_id into other_ticket_id
    from desk.tickets as ticket
    inner join desk.runs as run on run.run_id = new.run_id
    where ticket.portfolio_id = new.portfolio_id
        and ticket.kind = 'TRADE'
        and ticket.issued_at > run.frozen_at
        and ticket.window_open_at <> new.window_open_at
    order by ticket.issued_at desc
    limit 1;
    if found then
        raise exception 'this plan was frozen before the ticket % was out', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_ticket_before';
    end if;
    select entry.kind, entry.recorded_at into later
    from desk.entries as entry
    inner join desk.runs as run on run.run_id = new.run_id
    where entry.portfolio_id = new.portfolio_id and entry.kind <> 'split' and entry.recorded_at > run.frozen_at
    order by entry.recorded_at
    limit 1;
    if found then
        raise exception 'the book has an entry (%) recorded at %, after this plan was frozen', later.kind, later.recorded_at
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_book';
    end if;
    return new;
end
$$;

-- As before, under the lock of the book's tickets, and not beside a plan that is under way.
create or replace function desk.request_plan(asked_ticket_id text, asked_by text) returns boolean
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
