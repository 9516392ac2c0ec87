-- A split is a fact about a stock, and what it did to a holding is derived: from the entries before it as they stand, and
-- from the splits that are believed. So an amended fill, one confirmed late, or a split that a vendor corrects, moves or
-- withdraws moves the ledger with it. A sale of all that is held, to within the tolerance of its policy, leaves exactly zero.

create table desk.split_findings (
    finding_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    internal_symbol text not null,
    ex_date date not null check (ex_date > '2000-01-01'),
    belief text not null check (belief in ('believed', 'doubted', 'withdrawn')),
    -- So many shares for so many old ones, as the company says it; null where that is not known.
    new_shares bigint check (new_shares > 0),
    old_shares bigint check (old_shares > 0),
    reason text not null check (length(trim(reason)) > 0),
    run_id text references desk.runs (run_id),
    person text,
    created_at timestamptz not null default desk.now(),
    constraint split_in_time check (ex_date <= (created_at at time zone 'America/New_York')::date),
    constraint somebody_says check (num_nonnulls(run_id, person) = 1),
    constraint believed_has_shares check (belief <> 'believed' or num_nonnulls(new_shares, old_shares) = 2)
);
comment on table desk.split_findings is
    'Whether a split moves the holdings of a book; the newest row of a stock and ex-date counts, a person''s above a run''s.';
create index split_findings_newest on desk.split_findings (portfolio_id, internal_symbol, ex_date, finding_id desc);
call desk.make_append_only('desk.split_findings');

-- What was posted before is what was believed; the fraction is the one with the smallest denominator that is so written.
insert into desk.split_findings (
    portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason, run_id, created_at
)
select
    posted.portfolio_id, posted.internal_symbol, posted.ex_date, 'believed',
    coalesce(fraction.new_shares, round(posted.split_ratio * 1000000)), coalesce(fraction.old_shares, 1000000),
    'posted before splits were judged', posted.run_id, posted.created_at
from desk.ledger_corporate_actions as posted
left join lateral (
    select round(posted.split_ratio * denominator) as new_shares, denominator as old_shares
    from generate_series(1::numeric, 100::numeric) as denominator
    where round(posted.split_ratio * denominator) > 0
        and (
            round(round(posted.split_ratio * denominator) / denominator, 6) = round(posted.split_ratio, 6)
            or round(denominator / round(posted.split_ratio * denominator), 6) = round(1 / posted.split_ratio, 6)
        )
    order by denominator
    limit 1
) as fraction on true;

-- The units after one step: a split, rounded down to the eighth decimal, or units that come or go. What a sale leaves
-- within its tolerance is nothing.
create function desk.next_units(
    held numeric, units_delta numeric, new_shares numeric, old_shares numeric, closed_within numeric
) returns numeric
language plpgsql immutable parallel safe
set search_path = pg_catalog
as $$
begin
    if new_shares is not null then
        return div(held * new_shares * 100000000, old_shares) / 100000000;
    end if;
    return case when abs(held + units_delta) <= closed_within then 0 else held + units_delta end;
end
$$;
create aggregate desk.units_after(numeric, numeric, numeric, numeric) (
    sfunc = desk.next_units, stype = numeric, initcond = '0'
);

create view desk.units_tolerances as
select
    policy_hash,
    max(limit_value) filter (where limit_name = 'reconciliation.position_drift_units_max') as units_max,
    max(limit_value) filter (where limit_name = 'reconciliation.position_drift_ratio_max') as ratio_max
from desk.policy_limits
group by policy_hash;
comment on view desk.units_tolerances is 'By how much units may differ under a policy: the larger of a number and a share.';

/*
  Every entry of a book as far as it was known at an instant, with the splits believed at another: what it did to units and
  cash. The kinds `split` and `rounding` are derived here and stored nowhere. closed_within is how near to nothing a sale
  must come to leave nothing; what is more than half of the sale is left, or was not there.
*/
create function desk.entries_known(asked_portfolio_id text, known_at timestamptz, believed_at timestamptz)
returns table (
    portfolio_id text, kind text, internal_symbol text, happened_at timestamptz, recorded_at timestamptz,
    units_delta numeric, cash_delta_gbp numeric, entry_id text, is_taken_back boolean
)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with stored as (
        select
            'fill' as kind, fill.internal_symbol, fill.executed_at as happened_at, fill.recorded_at,
            fill.sign * fill.units as units_delta,
            -fill.sign * fill.value_gbp - case when fill.reverses_fill_id is null then 1 else -1 end * fill.fee_gbp
                as cash_delta_gbp,
            format('fill/%s', fill.fill_id) as entry_id,
            coalesce(fill.reverses_fill_id, reversal.fill_id) is not null as is_taken_back,
            case fill.side
                when 'SELL' then least(greatest(tolerance.units_max, tolerance.ratio_max * fill.units), fill.units / 2)
            end as closed_within
        from desk.signed_fills as fill
        left join desk.ledger_trades_fills as reversal
            on reversal.reverses_fill_id = fill.fill_id and reversal.recorded_at <= known_at
        left join desk.confirmations as confirmation on confirmation.confirmation_id = fill.confirmation_id
        left join desk.tickets as ticket on ticket.ticket_id = confirmation.ticket_id
        left join desk.runs as run on run.run_id = ticket.run_id
        left join desk.units_tolerances as tolerance on tolerance.policy_hash = run.policy_hash
        where fill.portfolio_id = asked_portfolio_id

        union all

        select
            'opening', opening.internal_symbol, opening.opened_at, opening.recorded_at, opening.units_delta, 0,
            format('opening/%s', opening.opening_id),
            opening.units_delta < 0 or reversal.opening_id is not null, null
        from desk.signed_openings as opening
        left join desk.openings as reversal
            on reversal.reverses_opening_id = opening.opening_id and reversal.recorded_at <= known_at
        where opening.portfolio_id = asked_portfolio_id

        union all

        select
            movement.kind, null, movement.occurred_at, movement.recorded_at, 0, movement.amount_gbp,
            format('cash/%s', movement.movement_id),
            coalesce(movement.reverses_movement_id, reversal.movement_id) is not null, null
        from desk.ledger_cash_movements as movement
        left join desk.ledger_cash_movements as reversal
            on reversal.reverses_movement_id = movement.movement_id and reversal.recorded_at <= known_at
        where movement.portfolio_id = asked_portfolio_id

        union all

        select
            event.kind, leg.internal_symbol, event.happened_at, event.counts_from_at,
            event.sign * leg.units_delta, event.sign * leg.cash_gbp, format('event/%s', event.event_id),
            event.reverses_event_id is not null or coalesce(event.reversal_counts_from_at <= known_at, false),
            case
                when event.kind = 'trade' and leg.units_delta < 0
                    then least(
                        greatest(tolerance.units_max, tolerance.ratio_max * -leg.units_delta), -leg.units_delta / 2
                    )
            end
        from desk.signed_events as event
        inner join desk.ledger_event_legs as leg
            on leg.event_id = coalesce(event.reverses_event_id, event.event_id)
        left join desk.units_tolerances as tolerance on tolerance.policy_hash = event.policy_hash
        where event.portfolio_id = asked_portfolio_id
    ),

    booked as (
        select * from stored where recorded_at <= known_at
    ),

    believed as (
        select said.internal_symbol, said.ex_date, said.new_shares, said.old_shares, said.created_at
        from (
            select distinct on (finding.internal_symbol, finding.ex_date) finding.*
            from desk.split_findings as finding
            where finding.portfolio_id = asked_portfolio_id and finding.created_at <= believed_at
            order by
                finding.internal_symbol, finding.ex_date, finding.person is null, finding.finding_id desc
        ) as said
        where said.belief = 'believed'
    ),

    -- What was taken back is nothing at its own instant, and closes nothing.
    steps as (
        select
            internal_symbol, happened_at, max(recorded_at) as recorded_at, sum(units_delta) as units_delta,
            null::bigint as new_shares, null::bigint as old_shares,
            max(closed_within) filter (where not is_taken_back) as closed_within
        from booked
        where internal_symbol is not null
        group by internal_symbol, happened_at

        union all

        -- What is bought on the ex-date, by New York's clock, is new shares already.
        select
            internal_symbol, ex_date::timestamp at time zone 'America/New_York', created_at, 0, new_shares,
            old_shares, null
        from believed
    ),

    replayed as (
        select
            *,
            desk.units_after(units_delta, new_shares, old_shares, closed_within) over in_order as units_after
        from steps
        window in_order as (
            partition by internal_symbol order by happened_at, new_shares nulls last rows unbounded preceding
        )
    ),

    derived as (
        select
            *,
            units_after - units_delta - lag(units_after, 1, 0::numeric) over (
                partition by internal_symbol order by happened_at, new_shares nulls last
            ) as derived_delta
        from replayed
    )

    select
        asked_portfolio_id, kind, internal_symbol, happened_at, recorded_at, units_delta, cash_delta_gbp, entry_id,
        is_taken_back
    from booked
    union all
    select
        asked_portfolio_id, case when new_shares is null then 'rounding' else 'split' end, internal_symbol,
        happened_at, recorded_at, derived_delta, 0,
        case when new_shares is not null then format('split %s:%s', new_shares, old_shares) end, false
    from derived
    where derived_delta <> 0;
end;
comment on function desk.entries_known(text, timestamptz, timestamptz) is
    'The entries of a book as they were known at an instant, with the splits believed at another.';

create or replace view desk.entries as
select portfolio.portfolio_id, entry.kind, entry.internal_symbol, entry.happened_at, entry.recorded_at,
    entry.units_delta, entry.cash_delta_gbp, entry.entry_id, entry.is_taken_back
from desk.portfolios as portfolio
cross join lateral desk.entries_known(portfolio.portfolio_id, 'infinity', 'infinity') as entry;
comment on view desk.entries is
    'What each entry did to units and cash, what splits did and what a full sale left included; every balance is a sum of it.';

-- A run believes splits after it was frozen, and no later run's.
create view desk.run_entries as
select run.run_id, entry.*
from desk.runs as run
cross join lateral desk.entries_known(
    run.portfolio_id,
    run.frozen_at,
    greatest(
        run.frozen_at,
        (select max(finding.created_at) from desk.split_findings as finding where finding.run_id = run.run_id)
    )
) as entry;
comment on view desk.run_entries is 'The entries of its book that a run knows.';

drop table desk.ledger_corporate_actions;

-- As before; a split follows the units that it is made of, so none stands in the way. What left the book since does.
-- request: {portfolio_id, person, notes, idempotency_key}
create or replace function desk.reverse_opening(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    wrong record;
    new_opening_id bigint;
begin
    earlier_id := desk.earlier_record('opening', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.refuse_opening(request);
    if length(trim(coalesce(request ->> 'notes', ''))) = 0 then
        raise exception 'an opening is taken back for a reason' using errcode = 'check_violation';
    end if;
    select opening_id, opened_at, cash_movement_id into wrong
    from desk.openings
    where opening_id = desk.opening_of(request ->> 'portfolio_id');
    if not found then
        raise exception 'this book has no opening to take back' using errcode = 'check_violation';
    end if;
    insert into desk.openings (portfolio_id, opened_at, person, notes, idempotency_key, request_sha256, reverses_opening_id)
    values (
        request ->> 'portfolio_id', wrong.opened_at, request ->> 'person', request ->> 'notes',
        request ->> 'idempotency_key', desk.request_sha256(request), wrong.opening_id
    ) returning opening_id into new_opening_id;
    -- The page may have taken the cash back already.
    if wrong.cash_movement_id is not null
        and not exists (
            select from desk.ledger_cash_movements where reverses_movement_id = wrong.cash_movement_id
        ) then
        perform desk.reverse_cash_movement(
            (request - 'idempotency_key') || jsonb_build_object(
                'movement_id', wrong.cash_movement_id, 'idempotency_key', 'cash of ' || (request ->> 'idempotency_key')
            )
        );
    end if;
    perform desk.refuse_short_units(
        request ->> 'portfolio_id',
        array(select internal_symbol from desk.opening_positions where opening_id = wrong.opening_id)
    );
    perform desk.audit(
        request ->> 'person', 'reverse_opening', format('opening/%s', new_opening_id),
        jsonb_build_object('reverses', format('opening/%s', wrong.opening_id), 'reason', request ->> 'notes')
    );
    return new_opening_id;
end
$$;
