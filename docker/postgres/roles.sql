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

-- A halt ends whoever keeps it waiting (desk.close_halt_gate).
grant pg_signal_backend to desk_owner;

-- Strangers at the page use up its own connections and nobody else's: a halt typed at a shell still gets in.
alter role desk_app connection limit 40;

-- Nobody waits or idles for ever with a lock in hand. The loader and dbt hold theirs while they work.
alter role desk_app set lock_timeout = '5s';
alter role desk_app set statement_timeout = '30s';
alter role desk_app set idle_in_transaction_session_timeout = '30s';
alter role desk_mailer set idle_in_transaction_session_timeout = '10min';
alter role desk_reader set idle_in_transaction_session_timeout = '10min';
alter role desk_planner set idle_in_transaction_session_timeout = '10min';
alter role desk_dbt set idle_in_transaction_session_timeout = '10min';
alter role desk_loader set idle_in_transaction_session_timeout = '30min';
