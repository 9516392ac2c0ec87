-- Schemas, default privileges and the desk's one clock.

create schema raw;
create schema desk;
create schema inv;
create schema staging;
create schema intermediate;
create schema marts;
create schema gates;
-- Where dbt keeps the rows that failed a data test.
create schema audit;

-- dbt builds every table in these five and grants reading itself (see dbt_project.yml).
grant usage, create on schema staging, intermediate, marts, gates, audit to desk_dbt;
grant usage on schema staging, intermediate, marts, gates, audit
    to desk_loader, desk_planner, desk_app, desk_mailer, desk_reader, desk_backup;
grant usage on schema raw, desk to desk_loader, desk_dbt, desk_planner, desk_app, desk_mailer, desk_reader, desk_backup;
grant usage on schema inv to desk_reader, desk_planner, desk_backup;
alter default privileges revoke execute on functions from public;

-- Which database this is. A production database uses the real clock and refuses any other.
create table desk.instance (
    is_only_row boolean primary key default true check (is_only_row),
    environment text not null check (environment in ('production', 'simulated')),
    created_at timestamptz not null default clock_timestamp()
);
comment on table desk.instance is 'One row: whether this database lives in real or simulated time.';

create table desk.simulated_clock (
    is_only_row boolean primary key default true check (is_only_row),
    now_at timestamptz not null
);
comment on table desk.simulated_clock is 'The instant a simulated database believes it is; empty means the real clock.';

create function desk.now() returns timestamptz
language sql stable security definer
set search_path = pg_catalog, desk
return coalesce(
    (
        select clock.now_at
        from desk.simulated_clock as clock
        inner join desk.instance on instance.environment = 'simulated'
    ),
    clock_timestamp()
);
comment on function desk.now() is 'The only source of time in SQL.';

create function desk.set_simulated_now(new_now_at timestamptz) returns timestamptz
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    if not exists (select from desk.instance where environment = 'simulated') then
        raise exception 'this database uses the real clock; only a simulated one can be told the time'
            using errcode = 'insufficient_privilege';
    end if;
    insert into desk.simulated_clock (now_at) values (new_now_at)
    on conflict (is_only_row) do update set now_at = excluded.now_at
    where simulated_clock.now_at <= excluded.now_at;
    if not found then
        raise exception 'simulated time runs forward only: it is already %', (select now_at from desk.simulated_clock);
    end if;
    return new_now_at;
end
$$;

create function desk.initialise_instance(new_environment text) returns void
language sql security definer
set search_path = pg_catalog, desk
begin atomic
    insert into desk.instance (environment) values (new_environment);
end;
comment on function desk.initialise_instance(text) is 'Says once and for ever whether the database is simulated.';

-- Append-only tables share this trigger function; corrections are new rows.
create function desk.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    raise exception '%.% is append-only: % is refused; write a correcting row instead',
        tg_table_schema, tg_table_name, tg_op
        using errcode = 'integrity_constraint_violation';
end
$$;

create procedure desk.make_append_only(target regclass)
language plpgsql
set search_path = pg_catalog
as $$
begin
    execute format(
        'create trigger refuse_row_change before update or delete on %s for each row execute function desk.refuse_change()',
        target
    );
    execute format(
        'create trigger refuse_truncate before truncate on %s for each statement execute function desk.refuse_change()',
        target
    );
    execute format('alter table %s enable always trigger refuse_row_change', target);
    execute format('alter table %s enable always trigger refuse_truncate', target);
end
$$;

call desk.make_append_only('desk.instance');

-- Who may tell the time is granted to the roles that drive a simulation; a production database refuses all alike.
grant execute on function desk.now() to public;
grant execute on function desk.set_simulated_now(timestamptz) to desk_planner, desk_loader;
grant select on desk.simulated_clock to desk_planner, desk_loader, desk_reader;
