-- Two desks on one machine are told apart by what nobody types: each database has a number of its own.
alter table desk.instance add column instance_id uuid not null default gen_random_uuid();
comment on table desk.instance is 'One row: whether this database lives in real or simulated time, and which desk it is.';

-- Who leaves keeps the name, which the books and the log hold, and nothing else. The last operator stays: without one
-- anybody at a shell could name the next.
alter table desk.people drop constraint people_role_check;
alter table desk.people add constraint people_role_check check (role in ('operator', 'executor', 'gone'));

create or replace function desk.set_person(
    changed_by text, new_person_id text, new_role text, new_email text, new_password_hash text
) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    old_role text;
    actor text := changed_by;
begin
    if not exists (select from desk.people where role = 'operator') then
        -- Somebody has to be the first.
        actor := 'shell';
    elsif not exists (select from desk.people where person_id = changed_by and role = 'operator') then
        raise exception '% is no operator: only an operator lets people in', coalesce(changed_by, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_lets_in';
    end if;
    select role into old_role from desk.people where person_id = new_person_id;
    if old_role = 'operator' and new_role <> 'operator'
        and not exists (select from desk.people where role = 'operator' and person_id <> new_person_id) then
        raise exception '% is the only operator: let in another one first', new_person_id
            using errcode = 'check_violation', constraint = 'an_operator_stays';
    end if;
    insert into desk.people (person_id, role, email, password_hash)
    values (new_person_id, new_role, new_email, new_password_hash)
    on conflict (person_id) do update
    set role = excluded.role, email = excluded.email, password_hash = excluded.password_hash;
    perform desk.audit(
        actor, case when old_role is null then 'person_added' else 'person_changed' end, new_person_id,
        jsonb_build_object('role', new_role, 'old_role', old_role, 'email', new_email)
    );
end
$$;

create or replace function desk.is_actor(actor_name text) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
return actor_name in ('desk', 'shell')
    or exists (select from desk.people where person_id = actor_name and role <> 'gone');
