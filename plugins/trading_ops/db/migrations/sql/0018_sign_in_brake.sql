-- The brake on guessing passwords. All workers count in the same place, before the password is looked at, so
-- guesses sent together are counted as those sent one after the other.
-- Time is the real one, in a simulated desk too: who guesses does not wait for the demo's clock.

create table desk.sign_in_brakes (
    counter_kind text not null check (counter_kind in ('account', 'network', 'device')),
    counter_name text not null,
    failures_count integer not null check (failures_count >= 0),
    failed_at timestamptz not null,
    retry_at timestamptz not null,
    -- Whether the log knows of the wait that ends at retry_at.
    is_told boolean not null default false,
    -- When somebody was last sent away.
    braked_at timestamptz,
    primary key (counter_kind, counter_name)
);
create index sign_in_brakes_failed_at on desk.sign_in_brakes (failed_at);
comment on table desk.sign_in_brakes is
    'Failed sign-ins: of a device that signed in as this person before, by that device alone; of any other, '
    'by account and by network (/24 or /64). A count loses one each quarter of an hour and goes after a day.';

-- Which counters an attempt is counted by. A name nobody has is counted like any other, so that nobody learns
-- which names there are, and kept as a hash: people type passwords into the field for the name.
create function desk.sign_in_counters(tried_name text, from_network text, from_device text)
returns table (counter_kind text, counter_name text)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    select 'device', from_device where from_device is not null
    union all
    select
        'account',
        case
            when exists (select from desk.people where person_id = tried_name) then tried_name
            else 'nobody ' || left(encode(sha256(convert_to(tried_name, 'UTF8')), 'hex'), 16)
        end
    where from_device is null
    union all
    select 'network', from_network where from_device is null;
end;

-- How long the attempt after so many failures waits: some are free, then it is half a minute, doubled each
-- time, a quarter of an hour at most. Many people share a network, so it is given more.
create function desk.sign_in_delay(kind text, failures integer) returns interval
language sql immutable
set search_path = pg_catalog
return (
    select case
        when failures < free_count then interval '0'
        else least(interval '15 minutes', interval '30 seconds' * 2 ^ least(failures - free_count, 10))
    end
    from (values (case kind when 'network' then 20 else 5 end)) as allowance (free_count)
);

-- Returns how many seconds the attempt has to wait. 0: look at the password, then call desk.settle_sign_in;
-- until then the attempt counts as failed.
create function desk.admit_sign_in(tried_name text, from_network text, from_device text) returns integer
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
set lock_timeout = '2s'
as $$
declare
    now_at constant timestamptz := clock_timestamp();
    pressed record;
begin
    lock table desk.sign_in_brakes in share row exclusive mode;
    delete from desk.sign_in_brakes where failed_at < now_at - interval '1 day';
    select brake.* into pressed
    from desk.sign_in_brakes as brake
    inner join desk.sign_in_counters(tried_name, from_network, from_device) as counter
        using (counter_kind, counter_name)
    where brake.retry_at > now_at
    order by brake.retry_at desc
    limit 1;
    if not found then
        insert into desk.sign_in_brakes (counter_kind, counter_name, failures_count, failed_at, retry_at)
        select
            counter_kind, counter_name, counted.failures_count, now_at,
            now_at + desk.sign_in_delay(counter_kind, counted.failures_count)
        from (
            select
                counter_kind, counter_name,
                1 + greatest(
                    0,
                    coalesce(brake.failures_count, 0)
                    - floor(coalesce(extract(epoch from now_at - brake.failed_at), 0) / 900)::integer
                ) as failures_count
            from desk.sign_in_counters(tried_name, from_network, from_device)
            left join desk.sign_in_brakes as brake using (counter_kind, counter_name)
        ) as counted
        on conflict (counter_kind, counter_name) do update
        set
            failures_count = excluded.failures_count,
            failed_at = excluded.failed_at,
            retry_at = excluded.retry_at,
            is_told = false;
        return 0;
    end if;

    -- Once per wait: a stranger who goes on knocking must not fill the log.
    if not pressed.is_told then
        perform desk.audit(
            'desk', 'sign_in_braked', pressed.counter_kind || '/' || pressed.counter_name,
            jsonb_build_object(
                'network', from_network,
                'person', (select person_id from desk.people where person_id = tried_name),
                'failures_count', pressed.failures_count,
                'wait_s', ceil(extract(epoch from pressed.retry_at - now_at))
            )
        );
    end if;
    -- Once per burst, which is over when nobody was sent away for an hour.
    if not exists (select from desk.sign_in_brakes where braked_at > now_at - interval '1 hour') then
        insert into desk.incidents (code, dedupe_key, detail)
        values (
            'SIGN_IN_BRAKED',
            'SIGN_IN_BRAKED:' || to_char(now_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            format(
                'sign-in waits for %s %s after %s failures, the newest attempt from network %s',
                pressed.counter_kind, pressed.counter_name, pressed.failures_count, from_network
            )
        );
    end if;
    update desk.sign_in_brakes set is_told = true, braked_at = now_at
    where counter_kind = pressed.counter_kind and counter_name = pressed.counter_name;
    return ceil(extract(epoch from pressed.retry_at - now_at));
end
$$;

-- How an admitted attempt ended. Who knew the password has failed nothing; on a network others may have.
create function desk.settle_sign_in(tried_name text, from_network text, from_device text, is_right boolean)
returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
set lock_timeout = '2s'
as $$
declare
    detail constant jsonb := jsonb_build_object(
        'network', from_network, 'is_known_device', from_device is not null
    );
begin
    if not exists (select from desk.people where person_id = tried_name) then
        return;
    end if;
    if not is_right then
        perform desk.audit(tried_name, 'sign_in_refused', tried_name, detail);
        return;
    end if;
    lock table desk.sign_in_brakes in share row exclusive mode;
    update desk.sign_in_brakes as brake
    set failures_count = settled.failures_count,
        retry_at = least(
            brake.retry_at,
            brake.failed_at + desk.sign_in_delay(brake.counter_kind, settled.failures_count)
        )
    from (
        select
            counter_kind, counter_name,
            case counter_kind when 'network' then greatest(0, failures_count - 1) else 0 end as failures_count
        from desk.sign_in_brakes
        inner join desk.sign_in_counters(tried_name, from_network, from_device)
            using (counter_kind, counter_name)
    ) as settled
    where brake.counter_kind = settled.counter_kind and brake.counter_name = settled.counter_name;
    perform desk.audit(tried_name, 'sign_in', tried_name, detail);
end
$$;

grant execute on function desk.admit_sign_in(text, text, text), desk.settle_sign_in(text, text, text, boolean)
    to desk_app;
grant select on desk.sign_in_brakes to desk_backup;
