-- Also owed: looking up what the newest plan for real money would trade, and reviewing a drawdown it found. And no
-- TRADE for a day on which the executor is away.
create or replace function desk.owed(asked_portfolio_id text, planned_at timestamptz default null)
returns table (actor text, step text, subject text, detail text, from_at timestamptz, due_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with previous as (
        select ticket_id, window_open_at, deadline_at
        from desk.tickets
        where portfolio_id = asked_portfolio_id and kind = 'TRADE'
        order by issued_at desc, ticket_id desc
        limit 1
    ),

    unconfirmed as (
        select
            previous.ticket_id, previous.window_open_at, previous.deadline_at,
            array_agg(line.line_number order by line.line_number) as line_numbers
        from previous
        inner join desk.ticket_lines as line on line.ticket_id = previous.ticket_id
        where not exists (
            select from desk.confirmations as confirmation
            where confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
        )
        group by previous.ticket_id, previous.window_open_at, previous.deadline_at
    ),

    newest as (
        select snapshot_id, taken_at
        from desk.broker_snapshots
        where portfolio_id = asked_portfolio_id
        order by taken_at desc, snapshot_id desc
        limit 1
    ),

    objections as (
        select found.check_name, found.objection, newest.snapshot_id
        from newest
        cross join lateral desk.snapshot_objections(
            newest.snapshot_id,
            desk.now(),
            (select policy_hash from desk.config_policy where is_active),
            (select universe_hash from desk.universe_versions where is_active)
        ) as found
    ),

    stale as (
        select 'it was never done' as why
        where not exists (select from newest)
        union all
        select 'the books have moved since it was last done'
        from objections
        where check_name = 'snapshot_after_last_entry'
        union all
        select format(
            'what was read on %s is too old for the next plan', to_char(taken_at at time zone 'Europe/London', 'FMDD Mon')
        )
        from newest
        where not coalesce(
            coalesce(planned_at, desk.now()) - taken_at <= interval '1 day' * (
                select policy_limit.limit_value
                from desk.policy_limits as policy_limit
                inner join desk.config_policy as policy on policy.policy_hash = policy_limit.policy_hash
                where policy.is_active and policy_limit.limit_name = 'reconciliation.snapshot_age_days_max'
            ),
            false
        )
    ),

    -- What the newest plan would trade and nobody has found at the broker; a TRADE was ready when it went out.
    unready as (
        select run.run_id, found.objection
        from desk.newest_drawdown(asked_portfolio_id) as run
        inner join desk.tickets as ticket on ticket.run_id = run.run_id and ticket.kind = 'NO-TRADE'
        cross join lateral desk.readiness_objections(run.run_id) as found
        where found.check_name = 'symbols_verified'
    ),

    todo as (
        select
            1 as place, 'executor' as actor, 'confirm' as step, ticket_id as subject,
            format('record line%s %s of %s', case when cardinality(line_numbers) > 1 then 's' else '' end,
                array_to_string(line_numbers, ', '), ticket_id) as detail,
            window_open_at as from_at, deadline_at as due_at
        from unconfirmed

        union all

        select
            2, 'executor', 'snapshot', 'snapshot',
            format('type in what eToro shows: %s', (select string_agg(why, '; ') from stale)), null, null
        from desk.portfolios
        where portfolio_id = asked_portfolio_id
            and exists (select from stale)
            -- The lines first: what eToro shows is compared with what they say.
            and not exists (select from unconfirmed)

        union all

        select
            3, 'operator', 'reconcile', snapshot_id::text,
            format('find the missing entry, or the mistyped figure: %s', objection), null, null
        from objections
        where not exists (select from unconfirmed) and not exists (select from stale)

        union all

        select 4, 'executor', 'verify', run_id, format('look stocks up on eToro: %s', objection), null, null
        from unready

        union all

        select
            5, 'operator', 'review', run_id,
            'review the drawdown: the newest plan found it beyond its limit', null, null
        from desk.newest_drawdown(asked_portfolio_id)
        where nothing_to_review_because is null

        union all

        -- Last: it is refused before the books agree with what eToro shows.
        select
            6, 'operator', 'release', 'halt', 'release the halt: find the cause and reconcile before', null, null
        where desk.is_halted()
    )

    select actor, step, subject, detail, from_at, due_at
    from todo
    order by place, detail;
end;
comment on function desk.owed(text, timestamptz) is
    'What a person owes the desk: confirm, snapshot, reconcile, verify, review, release; subject is the ticket, snapshot or run.';

-- As before, and whoever went away after the plan was decided stops its ticket as well.
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
        if away is not null then
            raise exception 'nobody executes orders: %', away
                using errcode = 'integrity_constraint_violation', constraint = 'executor_is_there';
        end if;
    end if;
    return new;
end
$$;
