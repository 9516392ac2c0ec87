-- What may explain a difference between the books and eToro, the likeliest first, each with the entry that would book it;
-- and the dividends that are to be expected. All of it is derived: nothing here decides or writes.

-- The stocks of the universe in use under the name each vendor has for them.
create view desk.vendor_names as
select universe.internal_symbol, named.source, upper(named.vendor_symbol) as vendor_symbol
from desk.config_universe as universe
inner join desk.universe_versions as version on version.universe_hash = universe.universe_hash and version.is_active
cross join lateral (
    values
        ('stooq', regexp_replace(universe.stooq_symbol, '\.US$', '', 'i')), ('yahoo', universe.yahoo_symbol),
        (null, universe.vendor_symbol)
) as named (source, vendor_symbol)
where named.vendor_symbol is not null;
comment on view desk.vendor_names is 'What a vendor calls a stock; without a source, every vendor that has no name of its own.';

create aggregate desk.product(numeric) (sfunc = pg_catalog.numeric_mul, stype = numeric, initcond = '1');

/*
  The dividends of what a book held: units at the ex-date times what the first vendor of the policy in use reports, in pounds
  at the newest rate. A vendor that adjusts for splits tells a dividend in shares of today. One is booked when an event of the
  stock came within ninety days of it, and before the next one's ex-date.
*/
create function desk.expected_dividends(asked_portfolio_id text)
returns table (
    symbol text, ex_date date, units numeric, gross_usd numeric, gross_gbp numeric, booked_event_id bigint, is_overdue boolean
)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with entries as (
        select * from desk.entries where portfolio_id = asked_portfolio_id and internal_symbol is not null
    ),

    reported as (
        select distinct on (named.internal_symbol, action.source, action.ex_date)
            named.internal_symbol, action.source, action.vendor_symbol, action.ex_date, action.value, listed.source_rank
        from (select distinct internal_symbol from entries) as held
        inner join desk.vendor_names as named on named.internal_symbol = held.internal_symbol
        inner join raw.corporate_actions as action
            on action.vendor_symbol = named.vendor_symbol
            and action.kind = 'dividend'
            and (named.source = action.source or named.source is null)
        inner join (
            select source.value as source, source.ordinality as source_rank
            from desk.config_policy as policy
            cross join lateral jsonb_array_elements_text(policy.body #> '{market_data,source_order}')
                with ordinality as source
            where policy.is_active
        ) as listed on listed.source = action.source
        where action.ex_date <= (desk.now() at time zone 'America/New_York')::date
        order by named.internal_symbol, action.source, action.ex_date, action.load_id desc
    ),

    first_source as (
        select internal_symbol, min(source_rank) as source_rank from reported where value > 0 group by internal_symbol
    ),

    due as (
        select
            reported.internal_symbol, reported.ex_date, held.units,
            lead(reported.ex_date) over (partition by reported.internal_symbol order by reported.ex_date) as next_ex_date,
            reported.value * case
                when basis.price_basis is distinct from 'raw' then coalesce(later.ratio, 1) else 1
            end as per_share_usd
        from reported
        inner join first_source using (internal_symbol, source_rank)
        cross join lateral (
            select sum(entries.units_delta) as units
            from entries
            where entries.internal_symbol = reported.internal_symbol
                and entries.happened_at < reported.ex_date::timestamp at time zone 'America/New_York'
        ) as held
        cross join lateral (
            select desk.product(split.new_shares / split.old_shares::numeric) as ratio
            from desk.standing_splits(asked_portfolio_id) as split
            where split.internal_symbol = reported.internal_symbol
                and split.ex_date > reported.ex_date
                and split.belief = 'believed'
        ) as later
        left join lateral (
            select bar.price_basis
            from raw.eod_bars as bar
            where bar.source = reported.source and bar.vendor_symbol = reported.vendor_symbol
            order by bar.session_date desc, bar.load_id desc
            limit 1
        ) as basis on true
        where reported.value > 0 and held.units > 0
    )

    select
        due.internal_symbol, due.ex_date, due.units, round(due.units * due.per_share_usd, 2),
        round(due.units * due.per_share_usd / rate.gbpusd, 2), booked.event_id,
        booked.event_id is null and due.ex_date < (desk.now() at time zone 'America/New_York')::date - 45
    from due
    left join lateral (
        select fx.rate as gbpusd
        from raw.fx_rates as fx
        where fx.base_currency = 'GBP' and fx.quote_currency = 'USD'
        order by fx.rate_date desc, fx.load_id desc
        limit 1
    ) as rate on true
    left join lateral (
        select event.event_id
        from desk.signed_events as event
        inner join desk.ledger_event_legs as leg on leg.event_id = event.event_id
        where event.portfolio_id = asked_portfolio_id
            and event.kind = 'dividend'
            and event.sign = 1
            and event.reversed_by_id is null
            and leg.internal_symbol = due.internal_symbol
            and (event.happened_at at time zone 'America/New_York')::date
                between due.ex_date and least(due.ex_date + 89, due.next_ex_date - 1)
        limit 1
    ) as booked on true
    where due.ex_date > (desk.now() at time zone 'America/New_York')::date - 365;
end;
comment on function desk.expected_dividends(text) is 'The dividends of the last year that a book is to have had, and which are booked.';

-- Granted to nobody. Whether two figures have the same digits and two neighbours changed places, a point between them or not.
create function desk.is_transposed(one numeric, other numeric) returns boolean
language sql immutable
set search_path = pg_catalog
return one <> other and exists (
    select
    from (
        select replace(round(one, places)::text, '.', '') as digits, replace(round(other, places)::text, '.', '') as others
        from (select greatest(scale(trim_scale(one)), scale(trim_scale(other))) as places) as longest
    ) as written
    cross join lateral generate_series(1, length(written.digits) - 1) as place
    where overlay(
        written.digits placing substr(written.digits, place + 1, 1) || substr(written.digits, place, 1) from place for 2
    ) = written.others
);

-- Granted to nobody. The ratio of two figures as shares a company announces, where it is one to the fourth digit, or null.
create function desk.announced_ratio(one numeric, other numeric) returns numeric[]
language sql immutable
set search_path = pg_catalog
return (
    select array[new_shares, old_shares]
    from generate_series(1::numeric, 50::numeric) as new_shares
    cross join generate_series(1::numeric, 20::numeric) as old_shares
    where one > 0 and other > 0 and new_shares <> old_shares
        and desk.is_announced(new_shares, old_shares)
        and abs(one * old_shares / (other * new_shares) - 1) < 0.0005
    order by new_shares + old_shares
    limit 1
);

/*
  What may explain each difference beyond tolerance between the newest broker snapshot and the books, the likeliest first.
  `likelihood` orders them and means no more. `form` and `fields` say which form of the page books it, filled in.
*/
create function desk.drift_hypotheses(asked_portfolio_id text)
returns table (
    snapshot_id bigint, subject text, shown_value numeric, booked_value numeric, likelihood numeric, hypothesis text,
    words text, form text, fields jsonb
)
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with snapshot as (
        select * from desk.broker_snapshots
        where portfolio_id = asked_portfolio_id
        order by taken_at desc, snapshot_id desc
        limit 1
    ),

    drift as (
        select
            snapshot.snapshot_id, snapshot.taken_at, compared.subject, compared.shown_value as shown,
            compared.booked_value as booked, compared.shown_value - compared.booked_value as delta, compared.is_known
        from snapshot
        cross join lateral desk.snapshot_compared(
            snapshot.snapshot_id,
            desk.now(),
            (select policy_hash from desk.config_policy where is_active),
            (select universe_hash from desk.universe_versions where is_active)
        ) as compared
        where compared.is_known is not true
            or not coalesce(abs(compared.shown_value - compared.booked_value) <= compared.tolerance_value, false)
    ),

    cash as (select * from drift where subject = 'CASH'),
    stock as (select * from drift where subject <> 'CASH'),

    rate as (
        select fx.rate as gbpusd
        from raw.fx_rates as fx
        where fx.base_currency = 'GBP' and fx.quote_currency = 'USD'
        order by fx.rate_date desc, fx.load_id desc
        limit 1
    ),

    -- Lines of the last weeks: what was intended, and what was said of them.
    lines as (
        select
            line.ticket_id, line.line_number, intended.internal_symbol, intended.side, intended.value_gbp,
            case intended.side when 'BUY' then 1 else -1 end as sign, intended.units_estimate as units,
            newest.confirmation_id, newest.status
        from desk.tickets as ticket
        inner join desk.ticket_lines as line on line.ticket_id = ticket.ticket_id
        inner join desk.ledger_trades_intended as intended
            on intended.run_id = line.run_id and intended.line_number = line.line_number
        left join lateral (
            select confirmation.confirmation_id, confirmation.status
            from desk.confirmations as confirmation
            where confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
            order by confirmation.version_number desc
            limit 1
        ) as newest on true
        where ticket.portfolio_id = asked_portfolio_id
            and ticket.kind = 'TRADE'
            and ticket.issued_at > desk.now() - interval '60 days'
    ),

    fills as (
        select lines.*, fill.units as filled_units, fill.value_gbp as filled_gbp, fill.price_usd
        from lines
        inner join desk.ledger_trades_fills as fill
            on fill.confirmation_id = lines.confirmation_id and fill.reverses_fill_id is null
    ),

    named as (
        -- A line nobody recorded, or that was recorded as not done.
        select
            stock.subject, 0.9 as likelihood, 'missing_confirmation' as hypothesis,
            format('line %s of %s, %s %s, was executed and not recorded', line_number, ticket_id, side, internal_symbol)
                as words,
            'line' as form, jsonb_build_object('ticket_id', ticket_id, 'line_number', line_number) as fields
        from stock
        inner join lines
            on lines.internal_symbol = stock.subject
            and (lines.status is null or lines.status in ('SKIPPED', 'FAILED'))
            and abs(stock.delta - lines.sign * lines.units) <= 0.1 * lines.units

        union all

        select
            stock.subject, 0.85, 'duplicate_confirmation',
            format('line %s of %s was recorded and not executed', line_number, ticket_id), 'line',
            jsonb_build_object('ticket_id', ticket_id, 'line_number', line_number)
        from stock
        inner join fills
            on fills.internal_symbol = stock.subject
            and abs(stock.delta + fills.sign * fills.filled_units) <= 0.001 * fills.filled_units

        union all

        select
            stock.subject, 0.8, 'units_and_price_swapped',
            format('line %s of %s has its price for its units', line_number, ticket_id), 'line',
            jsonb_build_object('ticket_id', ticket_id, 'line_number', line_number)
        from stock
        inner join fills
            on fills.internal_symbol = stock.subject
            and fills.filled_units <> fills.price_usd
            and abs(stock.delta - fills.sign * (fills.price_usd - fills.filled_units)) <= 0.02 * abs(stock.delta)

        union all

        select
            stock.subject, 0.8, 'split',
            format('%s split %s:%s', stock.subject, trim_scale(ratio[1]), trim_scale(ratio[2])), 'split',
            jsonb_build_object(
                'symbol', stock.subject, 'new_shares', trim_scale(ratio[1])::text, 'old_shares', trim_scale(ratio[2])::text,
                'ex_date', (stock.taken_at at time zone 'America/New_York')::date
            )
        from stock
        cross join lateral desk.announced_ratio(stock.shown, stock.booked) as ratio
        where ratio is not null

        union all

        select
            drift.subject, 0.6, 'decimal_shift',
            'a point is in another place: a figure of the snapshot, or of what was recorded', 'snapshot', '{}'
        from drift
        where drift.booked <> 0
            and exists (
                select from unnest(array[0.001, 0.01, 0.1, 10, 100, 1000]) as factor
                where abs(drift.shown / (drift.booked * factor) - 1) < 0.001
            )

        union all

        select
            drift.subject, 0.75, 'digit_transposition', 'two digits changed places in the snapshot, or in what was recorded',
            'snapshot', '{}'
        from drift
        where desk.is_transposed(drift.shown, drift.booked)

        union all

        -- One stock is gone and another one is there.
        select
            gone.subject, 0.7, 'corporate_event',
            format('%s became %s: an exchange, a merger or a new name', gone.subject, came.subject), 'event',
            jsonb_build_object(
                'kind', 'exchange', 'symbol', gone.subject, 'units_out', trim_scale(gone.booked)::text, 'new_symbol', came.subject,
                'units_in', trim_scale(came.shown)::text
            )
        from stock as gone
        inner join stock as came on came.booked = 0 and came.shown > 0
        where gone.shown = 0 and gone.booked > 0

        union all

        select
            stock.subject, 0.3, 'delisting', format('%s is gone without a trade', stock.subject), 'event',
            jsonb_build_object('kind', 'delisting', 'symbol', stock.subject, 'units_out', trim_scale(stock.booked)::text)
        from stock
        where stock.shown = 0 and stock.booked > 0

        union all

        -- Cash that went the other way makes it likelier.
        select
            stock.subject, case when cash.delta * stock.delta < 0 then 0.65 else 0.4 end, 'off_ticket_trade',
            format('%s was %s outside a ticket', stock.subject, case when stock.delta > 0 then 'bought' else 'sold' end),
            'event',
            jsonb_build_object(
                'kind', 'trade', 'symbol', stock.subject,
                case when stock.delta > 0 then 'units_in' else 'units_out' end, trim_scale(abs(stock.delta))::text,
                'cash', case when cash.delta * stock.delta < 0 then round(abs(cash.delta), 2)::text end
            )
        from stock
        left join cash on true
        where stock.delta <> 0

        union all

        select
            'CASH', 0.9, 'missing_confirmation',
            format('line %s of %s, %s %s, was executed and not recorded', line_number, ticket_id, side, internal_symbol),
            'line', jsonb_build_object('ticket_id', ticket_id, 'line_number', line_number)
        from cash
        inner join lines
            on (lines.status is null or lines.status in ('SKIPPED', 'FAILED'))
            and abs(cash.delta + lines.sign * lines.value_gbp) <= greatest(0.02 * lines.value_gbp, 1)

        union all

        select
            'CASH', 0.85, 'duplicate_confirmation',
            format('line %s of %s was recorded and not executed', line_number, ticket_id), 'line',
            jsonb_build_object('ticket_id', ticket_id, 'line_number', line_number)
        from cash
        inner join fills on abs(cash.delta - fills.sign * fills.filled_gbp) <= 0.02

        union all

        -- Withheld as the broker does.
        select
            'CASH', 0.8 + case when abs(cash.delta - net.gbp) <= 0.01 * net.gbp then 0.05 else 0 end, 'dividend',
            format(
                'the dividend of %s of %s, %s %% withheld', dividend.symbol, dividend.ex_date, trim_scale(100 * net.withheld)
            ),
            'event',
            jsonb_build_object(
                'kind', 'dividend', 'symbol', dividend.symbol, 'cash', round(cash.delta, 2)::text,
                'withheld', round(cash.delta * net.withheld / (1 - net.withheld), 2)::text
            )
        from cash
        inner join desk.expected_dividends(asked_portfolio_id) as dividend on dividend.booked_event_id is null
        cross join lateral (
            select withheld, dividend.gross_gbp * (1 - withheld) as gbp
            from unnest(array[0.30, 0.25, 0]) as withheld
        ) as net
        where cash.delta > 0 and abs(cash.delta - net.gbp) <= greatest(0.03 * net.gbp, 0.02)

        union all

        select
            'CASH', 0.7, 'pounds_and_dollars_mixed_up', 'the cash was read in dollars, or recorded in dollars', 'snapshot', '{}'
        from cash
        cross join rate
        where cash.booked > 0
            and (abs(cash.shown / (cash.booked * rate.gbpusd) - 1) < 0.01 or abs(cash.shown * rate.gbpusd / cash.booked - 1) < 0.01)

        union all

        select
            'CASH', 0.6, 'fx_conversion', format('a conversion cost %s GBP', -cash.delta), 'event',
            jsonb_build_object('kind', 'fx_conversion', 'cash', round(cash.delta, 2)::text)
        from cash
        cross join (select sum(filled_gbp) as gbp from fills) as traded
        where -cash.delta between 0.001 * traded.gbp and 0.02 * traded.gbp

        union all

        select
            'CASH', case when abs(cash.delta) = round(cash.delta, -1) then 0.65 else 0.35 end,
            case when cash.delta > 0 then 'deposit' else 'withdrawal' end,
            format('%s GBP were %s', abs(cash.delta), case when cash.delta > 0 then 'paid in' else 'taken out' end), 'cash',
            jsonb_build_object('kind', case when cash.delta > 0 then 'deposit' else 'withdrawal' end, 'amount', round(abs(cash.delta), 2)::text)
        from cash

        union all

        select
            'CASH', 0.5, case when cash.delta > 0 then 'interest' else 'fee' end,
            format('%s of %s GBP', case when cash.delta > 0 then 'interest' else 'a fee' end, abs(cash.delta)), 'cash',
            jsonb_build_object('kind', case when cash.delta > 0 then 'interest' else 'fee' end, 'amount', round(abs(cash.delta), 2)::text)
        from cash
        where abs(cash.delta) <= 20
    )

    select
        drift.snapshot_id, drift.subject, drift.shown, drift.booked, named.likelihood, named.hypothesis, named.words, named.form,
        jsonb_strip_nulls(named.fields)
    from drift
    left join named on named.subject = drift.subject
    order by drift.subject, named.likelihood desc nulls last, named.hypothesis;
end;
comment on function desk.drift_hypotheses(text) is
    'What may explain each difference between the newest broker snapshot and the books, the likeliest first, and the form that books it.';

revoke all on function desk.expected_dividends(text), desk.is_transposed(numeric, numeric),
    desk.announced_ratio(numeric, numeric), desk.drift_hypotheses(text) from public;
grant execute on function desk.expected_dividends(text), desk.drift_hypotheses(text) to desk_app, desk_planner, desk_reader;
grant select on desk.vendor_names to desk_app, desk_planner, desk_reader, desk_backup;
