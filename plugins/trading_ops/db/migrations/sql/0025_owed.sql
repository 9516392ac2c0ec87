-- What a person owes the desk now, in the order it is to be done: what the next plan would be blocked by. It goes by the
-- rules of the gates, so whoever has done all of it is done.
create function desk.owed(asked_portfolio_id text)
returns table (actor text, step text, subject text, detail text, due_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with unconfirmed as (
        select
            ticket.ticket_id, ticket.window_open_at, ticket.deadline_at,
            array_agg(line.line_number order by line.line_number) as line_numbers
        from desk.tickets as ticket
        inner join desk.ticket_lines as line on line.ticket_id = ticket.ticket_id
        where ticket.portfolio_id = asked_portfolio_id
            and not exists (
                select from desk.confirmations as confirmation
                where confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
            )
        group by ticket.ticket_id
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

    is_stale as (
        select not exists (select from newest)
            or exists (select from objections where check_name = 'snapshot_after_last_entry') as is_stale
    )

    select 'operator', 'release', 'halt', 'the desk is halted: find the cause, reconcile, release', null::timestamptz
    where desk.is_halted()

    union all

    select
        'executor', 'confirm', ticket_id,
        format('record line%s %s of %s', case when cardinality(line_numbers) > 1 then 's' else '' end,
            array_to_string(line_numbers, ', '), ticket_id),
        deadline_at
    from unconfirmed
    where desk.now() >= window_open_at

    union all

    select
        'executor', 'snapshot', 'snapshot',
        case when exists (select from newest)
            then 'type in what eToro shows: the books have moved since it was last done'
            else 'type in what eToro shows: it was never done'
        end,
        null
    from is_stale
    where is_stale
        and exists (select from desk.portfolios where portfolio_id = asked_portfolio_id)
        -- The lines first: what eToro shows is compared with what they say.
        and not exists (select from unconfirmed)

    union all

    select
        'operator', 'reconcile', objections.snapshot_id::text,
        format('%s: find the missing entry, or the mistyped figure', objections.objection), null
    from objections, is_stale
    where not is_stale and objections.check_name <> 'snapshot_after_last_entry';
end;
comment on function desk.owed(text) is
    'What a person owes the desk now: confirm, snapshot, reconcile, release; subject is the ticket or snapshot.';
revoke all on function desk.owed(text) from public;
grant execute on function desk.owed(text) to desk_app, desk_planner;
