-- As before; a word on a split moves the book as an entry does, and under a clock that was set back nobody can say what came
-- after a plan.
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
    select run.frozen_at as recorded_at into later from desk.runs as run where run.run_id = new.run_id;
    if later.recorded_at > desk.now() then
        raise exception 'this plan was frozen at %, and now it is %: the clock was set back', later.recorded_at, desk.now()
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_book';
    end if;
    select entry.kind, entry.recorded_at into later
    from desk.runs as run
    cross join lateral (
        select kind, recorded_at from desk.entries where portfolio_id = new.portfolio_id
        union all
        select 'split', created_at from desk.split_findings where portfolio_id = new.portfolio_id
    ) as entry
    where run.run_id = new.run_id and entry.recorded_at > run.frozen_at
    order by entry.recorded_at
    limit 1;
    if found then
        raise exception 'the book has an entry (%) recorded at %, after this plan was frozen', later.kind, later.recorded_at
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_book';
    end if;
    return new;
end
$$;
