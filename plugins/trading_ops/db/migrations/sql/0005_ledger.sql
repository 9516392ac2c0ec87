-- What was really executed, and what the broker shows. Entries only; every balance is derived.

create table desk.confirmations (
    confirmation_id bigint generated always as identity primary key,
    ticket_id text not null,
    line_number integer not null,
    version_number integer not null check (version_number >= 1),
    status text not null check (status in ('DONE', 'PARTIAL', 'SKIPPED', 'FAILED')),
    notes text not null default '' check (length(notes) <= 2000),
    amendment_reason text,
    person text not null,
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    unique (ticket_id, line_number, version_number),
    foreign key (ticket_id, line_number) references desk.ticket_lines (ticket_id, line_number),
    check (version_number = 1 or length(trim(amendment_reason)) > 0)
);
comment on table desk.confirmations is 'How each ticket line ended; the highest version counts, a later version names its reason.';

create table desk.ledger_trades_fills (
    fill_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    confirmation_id bigint not null references desk.confirmations (confirmation_id),
    fill_number integer not null check (fill_number >= 1),
    internal_symbol text not null,
    side text not null check (side in ('BUY', 'SELL')),
    units numeric not null check (units > 0),
    price_usd numeric not null check (price_usd > 0),
    value_gbp numeric not null check (value_gbp > 0 and value_gbp = round(value_gbp, 2)),
    fee_gbp numeric not null default 0 check (fee_gbp >= 0 and fee_gbp = round(fee_gbp, 2)),
    executed_at timestamptz not null,
    recorded_at timestamptz not null default desk.now(),
    -- Set on the row that takes an amended fill back out of the ledger.
    reverses_fill_id bigint unique references desk.ledger_trades_fills (fill_id),
    created_at timestamptz not null default desk.now(),
    unique (confirmation_id, fill_number)
);
comment on table desk.ledger_trades_fills is
    'Executed fills. A row with reverses_fill_id counts with the opposite sign of the row it takes back.';

create table desk.ledger_corporate_actions (
    portfolio_id text not null references desk.portfolios (portfolio_id),
    internal_symbol text not null,
    ex_date date not null,
    split_ratio numeric not null check (split_ratio > 0),
    units_delta numeric not null,
    run_id text not null references desk.runs (run_id),
    created_at timestamptz not null default desk.now(),
    primary key (portfolio_id, internal_symbol, ex_date)
);
comment on table desk.ledger_corporate_actions is 'Units a split added to or took from a holding, posted once per split.';

create table desk.ledger_cash_movements (
    movement_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    kind text not null check (kind in ('deposit', 'withdrawal', 'dividend', 'fee', 'interest', 'correction')),
    amount_gbp numeric not null check (amount_gbp <> 0 and amount_gbp = round(amount_gbp, 2)),
    occurred_at timestamptz not null,
    person text not null,
    notes text not null default '',
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    check ((kind = 'deposit' and amount_gbp > 0) or (kind in ('withdrawal', 'fee') and amount_gbp < 0)
        or kind in ('dividend', 'interest', 'correction'))
);

create table desk.broker_snapshots (
    snapshot_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    source text not null check (source in ('form', 'statement')),
    cash_gbp numeric not null check (cash_gbp = round(cash_gbp, 2)),
    positions_count integer not null check (positions_count >= 0),
    taken_at timestamptz not null,
    person text not null,
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    check (taken_at <= recorded_at)
);

create table desk.broker_snapshot_positions (
    snapshot_id bigint not null references desk.broker_snapshots (snapshot_id),
    broker_symbol text not null,
    units numeric not null check (units > 0),
    value_gbp numeric check (value_gbp >= 0),
    primary key (snapshot_id, broker_symbol)
);
comment on column desk.broker_snapshot_positions.broker_symbol is
    'As the person typed it; the reconciliation gate blocks when the universe does not know it.';

-- The one way a confirmation enters: the line, its fills and the reversal of an amended version in one transaction.
-- request: {ticket_id, line_number, status, notes, amendment_reason, person, idempotency_key,
--           fills: [{units, price_usd, value_gbp, fee_gbp, executed_at}]}
create function desk.record_confirmation(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    body_sha256 text := encode(sha256(convert_to((request - 'idempotency_key')::text, 'UTF8')), 'hex');
    line record;
    previous record;
    existing record;
    new_confirmation_id bigint;
    new_version integer;
    fills jsonb := coalesce(request -> 'fills', '[]');
    held numeric;
begin
    -- One writer per ticket line at a time, so two devices cannot both write version 1.
    perform pg_advisory_xact_lock(hashtext('trading_ops.confirm'), hashtext(request ->> 'ticket_id'));
    select confirmation_id, request_sha256 into existing
    from desk.confirmations where idempotency_key = request ->> 'idempotency_key';
    if found then
        if existing.request_sha256 <> body_sha256 then
            raise exception 'this form was already sent with other figures'
                using errcode = 'unique_violation', constraint = 'same_key_same_body';
        end if;
        return existing.confirmation_id;
    end if;

    select intended.internal_symbol, intended.side, ticket.portfolio_id, ticket.window_open_at
    into line
    from desk.ticket_lines
    inner join desk.tickets as ticket on ticket.ticket_id = ticket_lines.ticket_id
    inner join desk.ledger_trades_intended as intended
        on intended.run_id = ticket_lines.run_id and intended.line_number = ticket_lines.line_number
    where ticket_lines.ticket_id = request ->> 'ticket_id'
        and ticket_lines.line_number = (request ->> 'line_number')::integer;
    if not found then
        raise exception 'ticket % has no line %', request ->> 'ticket_id', request ->> 'line_number'
            using errcode = 'foreign_key_violation';
    end if;
    if (request ->> 'status' in ('DONE', 'PARTIAL')) <> (jsonb_array_length(fills) > 0) then
        raise exception 'DONE and PARTIAL need at least one fill, SKIPPED and FAILED none'
            using errcode = 'check_violation', constraint = 'fills_match_status';
    end if;

    select confirmation_id, version_number into previous
    from desk.confirmations
    where ticket_id = request ->> 'ticket_id' and line_number = (request ->> 'line_number')::integer
    order by version_number desc limit 1;
    if found and length(trim(coalesce(request ->> 'amendment_reason', ''))) = 0 then
        raise exception 'line % is already confirmed; a correction needs a reason', request ->> 'line_number'
            using errcode = 'unique_violation', constraint = 'amendment_needs_reason';
    end if;
    new_version := coalesce(previous.version_number, 0) + 1;

    insert into desk.confirmations (
        ticket_id, line_number, version_number, status, notes, amendment_reason, person, idempotency_key, request_sha256
    ) values (
        request ->> 'ticket_id', (request ->> 'line_number')::integer, new_version, request ->> 'status',
        coalesce(request ->> 'notes', ''), nullif(trim(request ->> 'amendment_reason'), ''), request ->> 'person',
        request ->> 'idempotency_key', body_sha256
    ) returning confirmation_id into new_confirmation_id;

    -- Reversals first: they take the fills of the earlier version back out.
    insert into desk.ledger_trades_fills (
        portfolio_id, confirmation_id, fill_number, internal_symbol, side, units, price_usd, value_gbp, fee_gbp,
        executed_at, reverses_fill_id
    )
    select
        fill.portfolio_id, new_confirmation_id, 1000 + fill.fill_number, fill.internal_symbol, fill.side, fill.units,
        fill.price_usd, fill.value_gbp, fill.fee_gbp, fill.executed_at, fill.fill_id
    from desk.ledger_trades_fills as fill
    where fill.confirmation_id = previous.confirmation_id and fill.reverses_fill_id is null;

    insert into desk.ledger_trades_fills (
        portfolio_id, confirmation_id, fill_number, internal_symbol, side, units, price_usd, value_gbp, fee_gbp, executed_at
    )
    select
        line.portfolio_id, new_confirmation_id, fill.fill_number, line.internal_symbol, line.side,
        (fill.body ->> 'units')::numeric, (fill.body ->> 'price_usd')::numeric, (fill.body ->> 'value_gbp')::numeric,
        coalesce((fill.body ->> 'fee_gbp')::numeric, 0), (fill.body ->> 'executed_at')::timestamptz
    from jsonb_array_elements(fills) with ordinality as fill (body, fill_number);

    select units into held from desk.positions_now
    where portfolio_id = line.portfolio_id and internal_symbol = line.internal_symbol;
    if held < 0 then
        raise exception 'more % units sold than the ledger holds', line.internal_symbol
            using errcode = 'check_violation', constraint = 'sold_at_most_held';
    end if;
    return new_confirmation_id;
end
$$;

-- Fills with their sign: +1 a buy, -1 a sell, and the reverse for a row that takes a fill back.
create view desk.signed_fills as
select
    fill.*,
    case fill.side when 'BUY' then 1 else -1 end * case when fill.reverses_fill_id is null then 1 else -1 end as sign
from desk.ledger_trades_fills as fill;

create view desk.positions_now as
select portfolio_id, internal_symbol, sum(units_delta) as units
from (
    select portfolio_id, internal_symbol, sign * units as units_delta from desk.signed_fills
    union all
    select portfolio_id, internal_symbol, units_delta from desk.ledger_corporate_actions
) as entries
group by portfolio_id, internal_symbol;
comment on view desk.positions_now is 'Units per symbol from the entries, for the writer that must not oversell.';

-- request: {portfolio_id, source, cash_gbp, taken_at, person, idempotency_key,
--           positions: [{broker_symbol, units, value_gbp}]}
create function desk.record_snapshot(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    body_sha256 text := encode(sha256(convert_to((request - 'idempotency_key')::text, 'UTF8')), 'hex');
    existing record;
    new_snapshot_id bigint;
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.snapshot'), hashtext(request ->> 'portfolio_id'));
    select snapshot_id, request_sha256 into existing
    from desk.broker_snapshots where idempotency_key = request ->> 'idempotency_key';
    if found then
        if existing.request_sha256 <> body_sha256 then
            raise exception 'this form was already sent with other figures'
                using errcode = 'unique_violation', constraint = 'same_key_same_body';
        end if;
        return existing.snapshot_id;
    end if;
    insert into desk.broker_snapshots (
        portfolio_id, source, cash_gbp, positions_count, taken_at, person, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'source', (request ->> 'cash_gbp')::numeric,
        jsonb_array_length(request -> 'positions'), (request ->> 'taken_at')::timestamptz, request ->> 'person',
        request ->> 'idempotency_key', body_sha256
    ) returning snapshot_id into new_snapshot_id;
    insert into desk.broker_snapshot_positions (snapshot_id, broker_symbol, units, value_gbp)
    select new_snapshot_id, body ->> 'broker_symbol', (body ->> 'units')::numeric, (body ->> 'value_gbp')::numeric
    from jsonb_array_elements(request -> 'positions') as body;
    return new_snapshot_id;
end
$$;

-- request: {portfolio_id, kind, amount_gbp, occurred_at, person, notes, idempotency_key}
create function desk.record_cash_movement(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    body_sha256 text := encode(sha256(convert_to((request - 'idempotency_key')::text, 'UTF8')), 'hex');
    existing record;
    new_movement_id bigint;
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.cash'), hashtext(request ->> 'portfolio_id'));
    select movement_id, request_sha256 into existing
    from desk.ledger_cash_movements where idempotency_key = request ->> 'idempotency_key';
    if found then
        if existing.request_sha256 <> body_sha256 then
            raise exception 'this form was already sent with other figures'
                using errcode = 'unique_violation', constraint = 'same_key_same_body';
        end if;
        return existing.movement_id;
    end if;
    insert into desk.ledger_cash_movements (
        portfolio_id, kind, amount_gbp, occurred_at, person, notes, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'kind', (request ->> 'amount_gbp')::numeric,
        (request ->> 'occurred_at')::timestamptz, request ->> 'person', coalesce(request ->> 'notes', ''),
        request ->> 'idempotency_key', body_sha256
    ) returning movement_id into new_movement_id;
    return new_movement_id;
end
$$;

-- Releasing needs a reason and a broker snapshot taken after the halt; engaging needs neither.
create function desk.release_halt(release_reason text, release_person text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    engaged_at timestamptz;
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.halt')::bigint);
    if not desk.is_halted() then
        raise exception 'the desk is not halted' using errcode = 'check_violation';
    end if;
    select created_at into engaged_at from desk.halts where kind = 'engage' order by halt_id desc limit 1;
    if not exists (select from desk.broker_snapshots where recorded_at > engaged_at and taken_at > engaged_at) then
        raise exception 'a broker snapshot taken after the halt (%) is needed first', engaged_at
            using errcode = 'check_violation', constraint = 'reconcile_before_release';
    end if;
    insert into desk.halts (kind, reason, person) values ('release', release_reason, release_person);
end
$$;

call desk.make_append_only('desk.confirmations');
call desk.make_append_only('desk.ledger_trades_fills');
call desk.make_append_only('desk.ledger_corporate_actions');
call desk.make_append_only('desk.ledger_cash_movements');
call desk.make_append_only('desk.broker_snapshots');
call desk.make_append_only('desk.broker_snapshot_positions');

grant select on desk.confirmations, desk.ledger_trades_fills, desk.ledger_corporate_actions,
    desk.ledger_cash_movements, desk.broker_snapshots, desk.broker_snapshot_positions, desk.signed_fills,
    desk.positions_now to desk_planner, desk_dbt, desk_app, desk_mailer, desk_reader, desk_backup;
grant insert on desk.ledger_corporate_actions to desk_planner;
grant execute on function desk.record_confirmation(jsonb), desk.record_snapshot(jsonb),
    desk.record_cash_movement(jsonb) to desk_app;
-- The opening cash of a paper portfolio is booked by the planner.
grant execute on function desk.record_cash_movement(jsonb), desk.record_snapshot(jsonb) to desk_planner;
grant execute on function desk.release_halt(text, text) to desk_app, desk_planner;
