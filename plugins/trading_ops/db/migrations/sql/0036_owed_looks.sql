-- Also owed, after the books and before a release: looking up what the newest plan for real money would trade, and
-- reviewing a drawdown it found.
alter function desk.owed(text, timestamptz) rename to owed_to_books;
revoke execute on function desk.owed_to_books(text, timestamptz) from desk_app, desk_planner;
comment on function desk.owed_to_books(text, timestamptz) is
    'What a person owes the books, and the release of a halt: confirm, snapshot, reconcile, release; see desk.owed.';

create function desk.owed(asked_portfolio_id text, planned_at timestamptz default null)
returns table (actor text, step text, subject text, detail text, from_at timestamptz, due_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with todo as (
        select case step when 'release' then 4 else 1 end as place, number, actor, step, subject, detail, from_at, due_at
        from desk.owed_to_books(asked_portfolio_id, planned_at)
            with ordinality as books (actor, step, subject, detail, from_at, due_at, number)

        union all

        -- What the newest plan would trade and nobody has found at the broker; a TRADE was ready when it went out.
        select
            2, 1, 'executor', 'verify', run.run_id, format('look stocks up on eToro: %s', found.objection), null, null
        from desk.newest_drawdown(asked_portfolio_id) as run
        inner join desk.tickets as ticket on ticket.run_id = run.run_id and ticket.kind = 'NO-TRADE'
        cross join lateral desk.readiness_objections(run.run_id) as found
        where found.check_name = 'symbols_verified'

        union all

        select
            3, 1, 'operator', 'review', run_id, 'review the drawdown: the newest plan found it beyond its limit', null,
            null
        from desk.newest_drawdown(asked_portfolio_id)
        where nothing_to_review_because is null
    )

    select actor, step, subject, detail, from_at, due_at
    from todo
    order by place, number;
end;
comment on function desk.owed(text, timestamptz) is
    'What a person owes the desk: confirm, snapshot, reconcile, verify, review, release; subject is the ticket, snapshot or run.';
revoke all on function desk.owed(text, timestamptz) from public;
grant execute on function desk.owed(text, timestamptz) to desk_app, desk_planner;
