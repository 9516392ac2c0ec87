-- The desk's roles. Run once per cluster by a superuser; running it again changes nothing.
-- No login role is a superuser, may bypass row security, or is a member of the owner, except the
-- migrator, which may only become it to change the schema.
do $$
declare
    role_name text;
begin
    if not exists (select from pg_roles where rolname = 'desk_owner') then
        create role desk_owner nologin;
    end if;
    foreach role_name in array array[
        'desk_migrator', 'desk_loader', 'desk_dbt', 'desk_planner',
        'desk_app', 'desk_mailer', 'desk_reader', 'desk_backup', 'airflow_meta'
    ] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I login noinherit nosuperuser nocreatedb nocreaterole', role_name);
        end if;
    end loop;
end
$$;

grant desk_owner to desk_migrator;

-- dbt joins whole tables it has just built, of which the planner has no statistics yet: a nested
-- loop over half a million bars then runs for minutes where a hash join takes a second.
alter role desk_dbt set enable_nestloop = off;
alter role desk_dbt set jit = off;
