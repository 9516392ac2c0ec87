-- A policy is adopted whole: its limits are read from its body here, so that no role can store others, and the log
-- says what changed and when.

create function desk.numbers_of(body jsonb) returns table (limit_name text, limit_value numeric)
language sql immutable
set search_path = pg_catalog
begin atomic
    with recursive nodes as (
        select field.key as path, field.value
        from jsonb_each(body) as field
        union all
        select nodes.path || '.' || field.key, field.value
        from nodes
        cross join lateral jsonb_each(
            case when jsonb_typeof(nodes.value) = 'object' then nodes.value else '{}' end
        ) as field
    )

    select path, (value #>> '{}')::numeric
    from nodes
    where jsonb_typeof(value) = 'number'
        -- Decimals are stored as text, so that none of their digits is lost.
        or (jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?$');
end;
comment on function desk.numbers_of(jsonb) is 'Every number of a policy under its dotted path.';

create function desk.adopt_policy(adopted_hash text, adopted_body jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_hash text := (select policy_hash from desk.config_policy where is_active);
begin
    if earlier_hash = adopted_hash then
        return;
    end if;
    insert into desk.config_policy (policy_hash, body) values (adopted_hash, adopted_body)
    on conflict (policy_hash) do nothing;
    if found then
        insert into desk.policy_limits (policy_hash, limit_name, limit_value)
        select adopted_hash, limit_name, limit_value from desk.numbers_of(adopted_body);
    end if;
    update desk.config_policy set is_active = false where is_active;
    update desk.config_policy set is_active = true where policy_hash = adopted_hash;
    perform desk.audit('desk', 'policy_adopted', adopted_hash, jsonb_build_object(
        'instead_of', earlier_hash,
        'limits', coalesce((
            select jsonb_object_agg(coalesce(new_limit.limit_name, old_limit.limit_name),
                jsonb_build_array(old_limit.limit_value, new_limit.limit_value))
            from (select * from desk.policy_limits where policy_hash = earlier_hash) as old_limit
            full join (select * from desk.policy_limits where policy_hash = adopted_hash) as new_limit
                using (limit_name)
            where old_limit.limit_value is distinct from new_limit.limit_value
        ), '{}')
    ));
end
$$;
comment on function desk.adopt_policy(text, jsonb) is
    'Stores a policy once, makes it the active one, and writes into the log which limits changed, each [before, after].';

drop function desk.activate_policy(text);
revoke insert on desk.config_policy, desk.policy_limits from desk_planner;
revoke all on function desk.numbers_of(jsonb), desk.adopt_policy(text, jsonb) from public;
grant execute on function desk.adopt_policy(text, jsonb) to desk_planner;
