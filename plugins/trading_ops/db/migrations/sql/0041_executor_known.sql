-- A desk without an executor trades nothing: where nobody is one, nobody is away either.

create or replace function desk.refuse_unready_trade() returns trigger
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
        if not exists (select from desk.people where role = 'executor') then
            raise exception 'nobody executes orders: nobody of this desk is an executor'
                using errcode = 'integrity_constraint_violation', constraint = 'executor_is_known';
        end if;
        if away is not null then
            raise exception 'nobody executes orders: %', away
                using errcode = 'integrity_constraint_violation', constraint = 'executor_is_there';
        end if;
    end if;
    return new;
end
$$;
