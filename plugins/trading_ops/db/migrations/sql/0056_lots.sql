-- What is held was bought in lots, and what goes leaves them, the oldest first: what each lot cost, what each part of one
-- brought. Nothing of it is stored: every answer replays the entries as they were known, as a balance does.

-- Granted to nobody. A part of an amount, in whole hundredths towards zero, exactly: what is cut off stays with the rest.
create function desk.share_of(amount numeric, part numeric, whole numeric) returns numeric
language sql immutable parallel safe
return case when part = whole then amount else div(amount * 100 * part, whole) * 0.01 end;

-- Granted to nobody. The same of what a lot cost or brought: {pounds, dollars, fee in pounds}.
create function desk.shares_of(amounts numeric[], part numeric, whole numeric) returns numeric[]
language sql immutable parallel safe
return array[
    desk.share_of(amounts[1], part, whole), desk.share_of(amounts[2], part, whole), desk.share_of(amounts[3], part, whole)
];

-- Granted to nobody. One such triple with another one added, or with -1 taken away.
create function desk.added(amounts numeric[], others numeric[], sign integer) returns numeric[]
language sql immutable parallel safe
return array[amounts[1] + sign * others[1], amounts[2] + sign * others[2], amounts[3] + sign * others[3]];

/*
  Granted to nobody. The entries of a book that move lots, in the order they move them: at one instant what a split did, what
  came, what changed one stock into another, what went. value_gbp is what units were given for, before the fee, and negative
  where they were paid for. held_units is what was there before the step; in_left_units what this and later steps of the same
  merger or exchange bring.
*/
create function desk.lot_steps(asked_portfolio_id text, known_at timestamptz, believed_at timestamptz)
returns table (
    kind text, entry_id text, internal_symbol text, happened_at timestamptz, units_delta numeric, held_units numeric,
    in_left_units numeric, value_gbp numeric, value_usd numeric, fee_gbp numeric, cost_gbp numeric
)
language sql stable
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with terms as (
        select
            format('fill/%s', fill_id) as entry_id, internal_symbol, fee_gbp, 0 as cost_gbp,
            round(units * price_usd, 2) as value_usd
        from desk.ledger_trades_fills
        where portfolio_id = asked_portfolio_id

        union all

        select format('opening/%s', opening.opening_id), position.internal_symbol, 0, position.cost_gbp, null
        from desk.openings as opening
        inner join desk.opening_positions as position on position.opening_id = opening.opening_id
        where opening.portfolio_id = asked_portfolio_id

        union all

        select
            format('event/%s', event.event_id), leg.internal_symbol, sum(leg.fee_gbp), sum(leg.cost_gbp),
            abs(sum(desk.share_of(leg.amount_usd, leg.cash_gbp + leg.fee_gbp, nullif(leg.cash_gbp, 0))))
        from desk.ledger_events as event
        inner join desk.ledger_event_legs as leg on leg.event_id = event.event_id
        where event.portfolio_id = asked_portfolio_id
        group by event.event_id, leg.internal_symbol
    ),

    known as (
        select
            kind, entry_id, internal_symbol, happened_at,
            sum(units_delta) as units_delta, sum(cash_delta_gbp) as cash_delta_gbp,
            -- Cash of a merger that names no stock is paid for the one that goes.
            coalesce(
                internal_symbol, min(min(internal_symbol) filter (where units_delta < 0)) over (partition by entry_id)
            ) as moved_symbol
        from desk.entries_known(asked_portfolio_id, known_at, believed_at)
        where not is_taken_back
            and kind <> 'dividend'
            and (internal_symbol is not null or kind = 'merger')
        group by kind, entry_id, internal_symbol, happened_at
    ),

    moved as (
        select
            known.kind, known.entry_id, known.moved_symbol, known.happened_at,
            sum(known.units_delta) as units_delta, sum(known.cash_delta_gbp + coalesce(terms.fee_gbp, 0)) as value_gbp,
            sum(terms.value_usd) as value_usd, sum(coalesce(terms.fee_gbp, 0)) as fee_gbp,
            sum(coalesce(terms.cost_gbp, 0)) as cost_gbp,
            case
                when known.kind = 'split' then 1
                when known.kind in ('merger', 'exchange', 'spin_off') then 3
                when sum(known.units_delta) > 0 then 2
                else 4
            end as turn
        from known
        left join terms
            on terms.entry_id = known.entry_id
            and terms.internal_symbol is not distinct from known.internal_symbol
        group by known.kind, known.entry_id, known.moved_symbol, known.happened_at
    )

    select
        kind, entry_id, moved_symbol, happened_at, units_delta,
        sum(units_delta) over (
            partition by moved_symbol
            order by happened_at, turn, length(entry_id), entry_id rows unbounded preceding
        ) - units_delta,
        case
            when kind in ('merger', 'exchange') then sum(greatest(units_delta, 0)) over (
                partition by entry_id
                order by units_delta > 0, moved_symbol rows between current row and unbounded following
            )
        end,
        value_gbp, value_usd, fee_gbp, cost_gbp
    from moved
    order by happened_at, turn, length(entry_id), entry_id, units_delta > 0, moved_symbol;
end;

create type desk.lot as (
    internal_symbol text, opened_at timestamptz, opened_by text, units numeric, paid numeric[], next_number integer
);
comment on type desk.lot is
    'What is left of a purchase while desk.lots_known replays a book, and the number of the next lot of its stock.';

/*
  The lots of a book as far as it was known at an instant, with the splits believed at another: a row for each part of a lot
  that was closed, and one for what is left of it (closed_at is null). Cost is what was paid without the fee, which stands
  beside it; dollars are at the rate of the entry, null where it has none. The oldest lot goes first, whichever position
  the broker closed. A split changes the units of each lot, a spin-off takes of their cost; stock for stock carries cost and fee
  on, less the cash that came with it; what is transferred away leaves without a gain. What is sold before it came, as the
  entries stand, is closed out of no lot, and the units that come later make up for it.
*/
create function desk.lots_known(asked_portfolio_id text, known_at timestamptz, believed_at timestamptz)
returns table (
    slice_number integer, lot_number integer, internal_symbol text, opened_at timestamptz, opened_by text,
    closed_at timestamptz, closed_as text, closed_by text, units numeric, cost_gbp numeric, cost_usd numeric, fee_gbp numeric,
    proceeds_gbp numeric, proceeds_usd numeric
)
language plpgsql stable security definer
set search_path = pg_catalog, desk, pg_temp
as $$
#variable_conflict use_column
declare
    step record;
    lots desk.lot[] := '{}';
    lot desk.lot;
    -- Of each stock the numbers of its oldest and its youngest lot.
    symbols text[] := '{}';
    first_of integer[] := '{}';
    last_of integer[] := '{}';
    symbol integer;
    -- What is left of a step: units to take out of lots, and what they brought, all triples as in shares_of.
    wanted numeric;
    brought numeric[];
    paid numeric[];
    proceeds numeric[];
    -- Cost that leaves a stock which has none.
    loose_gbp numeric;
    -- What an event took out of one stock and brings as another.
    carried numeric[];
    carried_by text;
    -- How far the lots of a stock are counted, before and after, and to what.
    before numeric;
    after numeric;
    whole numeric;
begin
    slice_number := 0;
    for step in select * from desk.lot_steps(asked_portfolio_id, known_at, believed_at) loop
        symbol := array_position(symbols, step.internal_symbol);
        if symbol is null then
            symbols := symbols || step.internal_symbol;
            symbol := cardinality(symbols);
            first_of := first_of || null::integer;
            last_of := last_of || null::integer;
        end if;
        if carried_by is distinct from step.entry_id then
            carried_by := step.entry_id;
            carried := '{0,0,0}';
        end if;
        internal_symbol := step.internal_symbol;
        closed_at := step.happened_at;
        closed_as := step.kind;
        closed_by := coalesce(step.entry_id, step.kind);
        wanted := greatest(-step.units_delta, 0);
        brought := array[step.value_gbp, step.value_usd, step.fee_gbp];
        loose_gbp := 0;
        before := 0;
        after := 0;
        lot_number := first_of[symbol];

        if step.kind = 'split' then
            wanted := 0;
            -- Every border between two lots moves as the whole does, cut off at the eighth decimal.
            while lot_number is not null and step.held_units > 0 loop
                lot := lots[lot_number];
                before := before + lot.units;
                lot.units := div(before * (step.held_units + step.units_delta) * 1e8, step.held_units) * 0.00000001 - after;
                after := after + lot.units;
                lots[lot_number] := lot;
                lot_number := lot.next_number;
            end loop;

        elsif step.units_delta = 0 and step.cost_gbp <> 0 then
            -- Of each lot goes its share of the cost.
            select sum((held.paid)[1]) into whole from unnest(lots) as held where held.internal_symbol = step.internal_symbol;
            if whole > 0 then
                while lot_number is not null loop
                    lot := lots[lot_number];
                    paid := lot.paid;
                    before := before + paid[1];
                    lot.paid[1] := desk.share_of(before, whole + step.cost_gbp, whole) - after;
                    lot.paid[2] := desk.share_of(paid[2], lot.paid[1], greatest(paid[1], 0.01));
                    after := after + lot.paid[1];
                    carried := desk.added(carried, desk.added(paid, lot.paid, -1), 1);
                    lots[lot_number] := lot;
                    lot_number := lot.next_number;
                end loop;
            else
                loose_gbp := step.cost_gbp;
                carried := '{0,null,0}';
            end if;

        elsif step.units_delta > 0 then
            paid := array[step.cost_gbp + greatest(-step.value_gbp, 0), step.value_usd, step.fee_gbp];
            if step.kind = 'spin_off' then
                paid[2] := carried[2];
            elsif step.in_left_units is not null then
                -- Each stock that comes takes its share, by units, of what is still carried.
                paid := desk.shares_of(carried, step.units_delta, step.in_left_units);
                carried := desk.added(carried, paid, -1);
            elsif paid[1] = 0 then
                paid[2] := 0;
            end if;
            lots[cardinality(lots) + 1] := row(step.internal_symbol, step.happened_at, closed_by, step.units_delta, paid, null);
            if lot_number is null then
                first_of[symbol] := cardinality(lots);
            else
                lots[last_of[symbol]].next_number := cardinality(lots);
            end if;
            last_of[symbol] := cardinality(lots);
            wanted := least(greatest(-step.held_units, 0), step.units_delta);
            brought := array[greatest(step.value_gbp, 0), null, 0];
        end if;

        lot_number := first_of[symbol];
        while lot_number is not null and (wanted > 0 or (lots[lot_number]).units = 0) loop
            lot := lots[lot_number];
            opened_at := lot.opened_at;
            opened_by := lot.opened_by;
            units := least(wanted, lot.units);
            paid := desk.shares_of(lot.paid, units, lot.units);
            proceeds := desk.shares_of(brought, units, wanted);
            lot.units := lot.units - units;
            lot.paid := desk.added(lot.paid, paid, -1);
            lots[lot_number] := lot;
            if lot.units = 0 then
                first_of[symbol] := lot.next_number;
            end if;
            wanted := wanted - units;
            brought := desk.added(brought, proceeds, -1);
            if step.kind = 'transfer' then
                proceeds := array[paid[1], paid[2], 0];
            elsif step.in_left_units > 0 then
                -- Cash takes as much of the cost with it; what is beyond is a gain.
                carried := desk.added(carried, paid, 1);
                paid := desk.shares_of(array[paid[1], paid[2], 0], least(paid[1], proceeds[1]), paid[1]);
                carried := desk.added(carried, paid, -1);
            end if;
            slice_number := slice_number + 1;
            cost_gbp := paid[1];
            cost_usd := paid[2];
            fee_gbp := paid[3] + proceeds[3];
            proceeds_gbp := proceeds[1];
            proceeds_usd := proceeds[2];
            return next;
            lot_number := first_of[symbol];
        end loop;

        -- Units that were not there, cash without units, cost of nothing.
        if wanted > 0 or brought[1] <> 0 or brought[3] <> 0 or loose_gbp <> 0 then
            slice_number := slice_number + 1;
            lot_number := null;
            opened_at := null;
            opened_by := null;
            units := wanted;
            cost_gbp := loose_gbp;
            cost_usd := null;
            fee_gbp := brought[3];
            proceeds_gbp := brought[1];
            proceeds_usd := brought[2];
            return next;
        end if;
    end loop;

    closed_at := null;
    closed_as := null;
    closed_by := null;
    proceeds_gbp := null;
    proceeds_usd := null;
    lot_number := 0;
    foreach lot in array lots loop
        lot_number := lot_number + 1;
        if lot.units > 0 or lot.paid[1] <> 0 then
            slice_number := slice_number + 1;
            internal_symbol := lot.internal_symbol;
            opened_at := lot.opened_at;
            opened_by := lot.opened_by;
            units := lot.units;
            cost_gbp := lot.paid[1];
            cost_usd := lot.paid[2];
            fee_gbp := lot.paid[3];
            return next;
        end if;
    end loop;
end
$$;
comment on function desk.lots_known(text, timestamptz, timestamptz) is
    'What each lot of a book cost and each part of one brought, as it was known at an instant.';

create view desk.lots as
select portfolio.portfolio_id, lot.*
from desk.portfolios as portfolio
cross join lateral desk.lots_known(portfolio.portfolio_id, 'infinity', 'infinity') as lot;
comment on view desk.lots is 'The lots of every book as they stand now.';

-- As desk.run_entries knows the entries.
create view desk.run_lots as
select run.run_id, run.portfolio_id, lot.*
from desk.runs as run
cross join lateral desk.lots_known(
    run.portfolio_id,
    run.frozen_at,
    greatest(
        run.frozen_at,
        (select max(finding.created_at) from desk.split_findings as finding where finding.run_id = run.run_id)
    )
) as lot;
comment on view desk.run_lots is 'The lots of its book that a run knows.';

create view desk.costs_in_kind as
select
    opening.portfolio_id, format('opening/%s', opening.opening_id) as entry_id, position.internal_symbol,
    position.cost_gbp::numeric as cost_gbp
from desk.openings as opening
inner join desk.opening_positions as position on position.opening_id = opening.opening_id
union all
select event.portfolio_id, format('event/%s', event.event_id), leg.internal_symbol, sum(leg.cost_gbp)
from desk.ledger_events as event
inner join desk.ledger_event_legs as leg on leg.event_id = event.event_id
where leg.cost_gbp <> 0
group by event.event_id, leg.internal_symbol;
comment on view desk.costs_in_kind is 'What stocks had cost that came without being bought here; negative where cost left one.';

revoke all on function desk.share_of(numeric, numeric, numeric), desk.shares_of(numeric[], numeric, numeric),
    desk.added(numeric[], numeric[], integer), desk.lot_steps(text, timestamptz, timestamptz),
    desk.lots_known(text, timestamptz, timestamptz) from public;
grant execute on function desk.lots_known(text, timestamptz, timestamptz)
    to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
grant select on desk.lots, desk.run_lots, desk.costs_in_kind to desk_dbt, desk_app, desk_planner, desk_reader, desk_backup;
