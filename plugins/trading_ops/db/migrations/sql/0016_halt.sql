-- Halt and release mean what they say: nobody keeps a halt waiting, pressing again is written down, and a release asks
-- for books that agree with what the broker shows since.

-- Locked by the owner's functions alone: whoever issues a TRADE shares it, a halt takes it whole. An advisory lock
-- could be held for ever by any role; a row would let late tickets commit, or starve the halt.
create table desk.halt_gate (is_gate boolean primary key);

create function desk.close_halt_gate() returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    usual text := current_setting('lock_timeout');
begin
    perform set_config('lock_timeout', '200ms', true);
    for attempt in 1..50 loop
        begin
            lock table desk.halt_gate in exclusive mode;
            perform set_config('lock_timeout', usual, true);
            return;
        exception when lock_not_available then
            -- A ticket that takes longer is not issued: whoever writes it is ended, and nothing of it is kept.
            begin
                perform pg_terminate_backend(held.pid)
                from pg_locks as held
                where held.locktype = 'relation'
                    and held.relation = 'desk.halt_gate'::regclass
                    and held.database = (select oid from pg_database where datname = current_database())
                    and held.granted
                    and held.pid <> pg_backend_pid();
            exception when insufficient_privilege then
                perform set_config('lock_timeout', '2s', true);
            end;
        end;
    end loop;
    raise exception 'the halt could not be written: somebody holds desk.halt_gate and cannot be ended'
        using errcode = 'lock_not_available';
end
$$;

-- Whoever presses is written down, also on a halted desk: a second reason is news. It acts first and asks afterwards.
create or replace function desk.engage_halt(halt_reason text, halt_person text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    told_reason text := coalesce(nullif(trim(halt_reason), ''), 'no reason was given yet');
begin
    perform desk.close_halt_gate();
    insert into desk.halts (kind, reason, person) values ('engage', told_reason, halt_person);
    perform desk.audit(halt_person, 'halt_engaged', 'halt', jsonb_build_object('reason', told_reason));
end
$$;

create or replace function desk.refuse_trade_while_halted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    -- Whoever writes it, a ticket is issued now, in this transaction.
    new.issued_at := desk.now();
    new.transaction_id := pg_current_xact_id();
    if new.kind = 'TRADE' then
        -- Any other level would read the halt log as it was before the lock was granted.
        if current_setting('transaction_isolation') <> 'read committed' then
            raise exception 'TRADE tickets are issued at read committed only'
                using errcode = 'integrity_constraint_violation';
        end if;
        lock table desk.halt_gate in row share mode;
        if desk.is_halted() then
            raise exception 'the desk is halted: no TRADE ticket can be issued'
                using errcode = 'integrity_constraint_violation', constraint = 'desk_not_halted';
        end if;
    end if;
    return new;
end
$$;

-- Who has said that a halt may end; as many have to as the policy says.
create table desk.release_approvals (
    halt_id bigint not null references desk.halts (halt_id),
    person text not null,
    reason text not null check (length(trim(reason)) > 0),
    created_at timestamptz not null default desk.now(),
    primary key (halt_id, person)
);
call desk.make_append_only('desk.release_approvals');
comment on table desk.release_approvals is 'Operators who approved the release of a halt, each once.';

-- Why the books are not known to agree with the broker since an instant, or null. The order of the log decides what
-- came after what: a simulated clock may stand still between the two.
create function desk.unreconciled(since_at timestamptz, since_seq bigint) returns text
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with portfolio as (
        select portfolio_id
        from desk.portfolios
        where exists (
            select from desk.runs as run
            where run.portfolio_id = portfolios.portfolio_id
                and run.frozen_at > desk.now() - interval '35 days'
        )
        or exists (select from desk.entries as entry where entry.portfolio_id = portfolios.portfolio_id)
    ),

    newest as (
        select distinct on (portfolio.portfolio_id) portfolio.portfolio_id, snapshot.snapshot_id
        from portfolio
        left join desk.broker_snapshots as snapshot
            on snapshot.portfolio_id = portfolio.portfolio_id
            and snapshot.taken_at >= since_at
            and exists (
                select from desk.audit_log as logged
                where logged.action = 'record_snapshot'
                    and logged.subject = 'snapshot/' || snapshot.snapshot_id
                    and logged.seq > since_seq
            )
        order by portfolio.portfolio_id, snapshot.taken_at desc nulls last, snapshot.snapshot_id desc
    )

    select coalesce(
        min(
            format('a broker snapshot taken after the halt (%s) is needed first, of %s', since_at, portfolio_id)
        ) filter (where snapshot_id is null),
        string_agg(found.objection, '; ' order by found.check_name)
    )
    from newest
    left join lateral desk.snapshot_objections(
        newest.snapshot_id,
        desk.now(),
        (select policy_hash from desk.config_policy where is_active),
        (select universe_hash from desk.universe_versions where is_active)
    ) as found on newest.snapshot_id is not null;
end;

drop function desk.release_halt(text, text);
-- Says whether the halt is over; it is not while the policy asks for another operator.
create function desk.release_halt(release_reason text, release_person text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    engaged record;
    unreconciled text;
    needed_count numeric;
begin
    perform desk.close_halt_gate();
    if not desk.is_halted() then
        raise exception 'the desk is not halted' using errcode = 'check_violation';
    end if;
    if not exists (select from desk.people where person_id = release_person and role = 'operator') then
        raise exception '% is no operator: only an operator ends a halt', release_person
            using errcode = 'check_violation', constraint = 'operator_releases';
    end if;
    select
        halt.halt_id, halt.created_at,
        (select max(logged.seq) from desk.audit_log as logged where logged.action = 'halt_engaged') as seq
    into engaged
    from desk.halts as halt
    where halt.kind = 'engage'
    order by halt.halt_id desc
    limit 1;
    unreconciled := desk.unreconciled(engaged.created_at, engaged.seq);
    if unreconciled is not null then
        raise exception '%', unreconciled
            using errcode = 'check_violation', constraint = 'reconcile_before_release';
    end if;
    insert into desk.release_approvals (halt_id, person, reason)
    values (engaged.halt_id, release_person, release_reason)
    on conflict do nothing;
    select coalesce(max(policy_limit.limit_value), 1) into needed_count
    from desk.config_policy as policy
    inner join desk.policy_limits as policy_limit on policy_limit.policy_hash = policy.policy_hash
    where policy.is_active and policy_limit.limit_name = 'risk.release_persons_min';
    if (select count(*) from desk.release_approvals where halt_id = engaged.halt_id) < needed_count then
        perform desk.audit(
            release_person, 'halt_release_approved', 'halt', jsonb_build_object('reason', release_reason)
        );
        return false;
    end if;
    insert into desk.halts (kind, reason, person) values ('release', release_reason, release_person);
    perform desk.audit(release_person, 'halt_released', 'halt', jsonb_build_object('reason', release_reason));
    return true;
end
$$;

grant execute on function desk.release_halt(text, text) to desk_app, desk_planner;
grant select on desk.release_approvals to desk_app, desk_planner, desk_reader, desk_backup;
