-- Which plan comes after which is said once, and a drawdown a person has looked at stops the desk no longer.

-- When a ticket was issued says nothing: an older week can be planned again after this week's ticket is out.
create view desk.plan_order as
select
    run_id,
    portfolio_id,
    row_number() over (
        partition by portfolio_id
        order by (window_open_at at time zone 'America/New_York')::date, attempt_number, run_id
    ) as place_number
from desk.runs
where kind = 'plan';
comment on view desk.plan_order is
    'The plans of a portfolio in the order of the sessions they are executed in, then of their attempts.';
grant select on desk.plan_order to desk_dbt, desk_planner, desk_app, desk_reader, desk_backup;

create function desk.newer_ticket(planned_run_id text) returns text
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select newer.ticket_id
    from desk.plan_order as own
    inner join desk.plan_order as later
        on later.portfolio_id = own.portfolio_id and later.place_number > own.place_number
    inner join desk.tickets as newer on newer.run_id = later.run_id
    where own.run_id = planned_run_id
    order by later.place_number desc
    limit 1;
end;
comment on function desk.newer_ticket(text) is 'The newest ticket of the plans after a plan; null when none is out.';
grant execute on function desk.newer_ticket(text) to desk_planner, desk_app;

-- Whoever follows the newest ticket would not see it, and issue order is plan order for every TRADE.
create function desk.refuse_overtaken_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    newer_ticket_id text := desk.newer_ticket(new.run_id);
begin
    if new.kind = 'TRADE' and newer_ticket_id is not null then
        raise exception 'a later plan has its ticket % already', newer_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'newest_plan_trades';
    end if;
    return new;
end
$$;
create trigger refuse_overtaken_trade before insert on desk.tickets
for each row execute function desk.refuse_overtaken_trade();
alter table desk.tickets enable always trigger refuse_overtaken_trade;

create or replace view inv.i7_previous_trade_was_confirmed as
select ticket.ticket_id, previous.ticket_id as previous_ticket_id, line.line_number
from desk.tickets as ticket
inner join desk.plan_order as own on own.run_id = ticket.run_id
inner join lateral (
    select earlier.ticket_id
    from desk.tickets as earlier
    inner join desk.plan_order as before on before.run_id = earlier.run_id
    where earlier.portfolio_id = ticket.portfolio_id
        and earlier.kind = 'TRADE'
        and before.place_number < own.place_number
    order by before.place_number desc limit 1
) as previous on true
inner join desk.ticket_lines as line on line.ticket_id = previous.ticket_id
where ticket.kind = 'TRADE'
    and not exists (
        select from desk.confirmations as confirmation
        where confirmation.ticket_id = line.ticket_id
            and confirmation.line_number = line.line_number
            and confirmation.recorded_at <= ticket.issued_at
    );
