-- A person waives the doubts that were shown, each by itself, and the log names them; what cannot be true is
-- refused whatever was ticked.

-- What a person was asked depends on the ledger of that moment, so the same form sent again may bring other
-- answers.
create or replace function desk.request_sha256(request jsonb) returns text
language sql immutable
set search_path = pg_catalog
return encode(
    sha256(convert_to((request - 'idempotency_key' - 'doubts_waived')::text, 'UTF8')), 'hex'
);

-- Granted to nobody. Nothing is executed before its ticket is issued or later than now, and a value is no
-- order of magnitude away from units x price at the line's own rate; confirm_app says the same first, in
-- tickets/plausibility.py and forms/figures.py (TENFOLD_RATIO_MIN).
create function desk.refuse_impossible_fills(checked_confirmation_id bigint) returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    fill record;
    tenfold_ratio_min constant numeric := 8;
begin
    for fill in
        select
            typed.executed_at, typed.value_gbp, ticket.issued_at,
            -- A penny is the least a fill can be worth, however little was traded.
            greatest(typed.units * typed.price_usd / intended.gbpusd_rate, 0.01) as product_gbp
        from desk.confirmations as confirmation
        inner join desk.tickets as ticket on ticket.ticket_id = confirmation.ticket_id
        inner join desk.ledger_trades_intended as intended
            on intended.run_id = ticket.run_id and intended.line_number = confirmation.line_number
        inner join desk.ledger_trades_fills as typed
            on typed.confirmation_id = confirmation.confirmation_id and typed.reverses_fill_id is null
        where confirmation.confirmation_id = checked_confirmation_id
    loop
        if fill.executed_at < fill.issued_at then
            raise exception
                'executed at % is before the ticket was issued at %; correct the date or the clock',
                fill.executed_at, fill.issued_at
                using errcode = 'check_violation', constraint = 'executed_after_issue';
        end if;
        if fill.executed_at > desk.now() then
            raise exception 'executed at % is in the future, it is %; correct the date or the clock',
                fill.executed_at, desk.now()
                using errcode = 'check_violation', constraint = 'executed_by_now';
        end if;
        -- Written so that NaN is refused as well.
        if (
            fill.value_gbp < fill.product_gbp * tenfold_ratio_min
            and fill.product_gbp < fill.value_gbp * tenfold_ratio_min
        ) is not true then
            raise exception
                'a value of % GBP is an order of magnitude off units x price, % GBP; correct the wrong one',
                fill.value_gbp, round(fill.product_gbp, 2)
                using errcode = 'check_violation', constraint = 'value_follows_units';
        end if;
    end loop;
end
$$;

-- As before, but without what cannot be true, and with the doubts that were waived in the log.
-- request: {ticket_id, line_number, status, notes, amendment_reason, person, idempotency_key, seen_version,
--           doubts_waived: [{doubt, figure}], is_untradable,
--           fills: [{units, price_usd, value_gbp, fee_gbp, executed_at}]};
-- without seen_version the newest is meant.
create or replace function desk.record_confirmation(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    line record;
    previous record;
    earlier_id bigint;
    new_confirmation_id bigint;
    new_version integer;
    fills jsonb := coalesce(request -> 'fills', '[]');
    held numeric;
begin
    -- Under the ticket's lock, so two devices cannot both write version 1 of a line.
    earlier_id := desk.earlier_record('confirmation', request ->> 'ticket_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;

    select intended.internal_symbol, intended.side, ticket.portfolio_id, ticket.deadline_at
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
    -- What a person saw when they typed: a line recorded or corrected since is theirs to look at first.
    if (request ->> 'seen_version')::integer <> coalesce(previous.version_number, 0) then
        raise exception 'line % was recorded meanwhile', request ->> 'line_number'
            using errcode = 'unique_violation', constraint = 'seen_version_is_newest';
    end if;
    if previous.confirmation_id is not null and length(trim(coalesce(request ->> 'amendment_reason', ''))) = 0 then
        raise exception 'line % is already confirmed; a correction needs a reason', request ->> 'line_number'
            using errcode = 'unique_violation', constraint = 'amendment_needs_reason';
    end if;
    new_version := coalesce(previous.version_number, 0) + 1;

    insert into desk.confirmations (
        ticket_id, line_number, version_number, status, notes, amendment_reason, person, idempotency_key, request_sha256
    ) values (
        request ->> 'ticket_id', (request ->> 'line_number')::integer, new_version, request ->> 'status',
        coalesce(request ->> 'notes', ''), nullif(trim(request ->> 'amendment_reason'), ''), request ->> 'person',
        request ->> 'idempotency_key', desk.request_sha256(request)
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

    perform desk.refuse_impossible_fills(new_confirmation_id);
    select units into held from desk.positions_now
    where portfolio_id = line.portfolio_id and internal_symbol = line.internal_symbol;
    if held < 0 then
        raise exception 'more % units sold than the ledger holds', line.internal_symbol
            using errcode = 'check_violation', constraint = 'sold_at_most_held';
    end if;
    if (request ->> 'is_untradable')::boolean then
        insert into desk.untradable_reports (confirmation_id) values (new_confirmation_id);
    end if;
    perform desk.audit(
        request ->> 'person',
        case when new_version = 1 then 'confirm_line' else 'amend_line' end,
        format('%s/%s', request ->> 'ticket_id', request ->> 'line_number'),
        jsonb_build_object(
            'confirmation_id', new_confirmation_id, 'version_number', new_version, 'status', request ->> 'status',
            'is_late', desk.now() >= line.deadline_at,
            'doubts_waived', coalesce(request -> 'doubts_waived', '[]'),
            'is_untradable', coalesce((request ->> 'is_untradable')::boolean, false)
        )
    );
    return new_confirmation_id;
end
$$;

-- request: {portfolio_id, source, cash_gbp, taken_at, person, idempotency_key,
--           doubts_waived: [{doubt, figure}], positions: [{broker_symbol, units, value_gbp}]}
create or replace function desk.record_snapshot(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    new_snapshot_id bigint;
begin
    earlier_id := desk.earlier_record('snapshot', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    insert into desk.broker_snapshots (
        portfolio_id, source, cash_gbp, positions_count, taken_at, person, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'source', (request ->> 'cash_gbp')::numeric,
        jsonb_array_length(request -> 'positions'), (request ->> 'taken_at')::timestamptz, request ->> 'person',
        request ->> 'idempotency_key', desk.request_sha256(request)
    ) returning snapshot_id into new_snapshot_id;
    insert into desk.broker_snapshot_positions (snapshot_id, broker_symbol, units, value_gbp)
    select new_snapshot_id, body ->> 'broker_symbol', (body ->> 'units')::numeric, (body ->> 'value_gbp')::numeric
    from jsonb_array_elements(request -> 'positions') as body;
    perform desk.audit(
        request ->> 'person', 'record_snapshot', format('snapshot/%s', new_snapshot_id),
        jsonb_build_object(
            'cash_gbp', request ->> 'cash_gbp', 'positions_count', jsonb_array_length(request -> 'positions'),
            'doubts_waived', coalesce(request -> 'doubts_waived', '[]')
        )
    );
    return new_snapshot_id;
end
$$;

-- request: {portfolio_id, kind, amount_gbp, occurred_at, person, notes, idempotency_key,
--           doubts_waived: [{doubt, figure}]}
create or replace function desk.record_cash_movement(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    new_movement_id bigint;
begin
    earlier_id := desk.earlier_record('cash_movement', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    insert into desk.ledger_cash_movements (
        portfolio_id, kind, amount_gbp, occurred_at, person, notes, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'kind', (request ->> 'amount_gbp')::numeric,
        (request ->> 'occurred_at')::timestamptz, request ->> 'person', coalesce(request ->> 'notes', ''),
        request ->> 'idempotency_key', desk.request_sha256(request)
    ) returning movement_id into new_movement_id;
    perform desk.audit(
        request ->> 'person', 'record_cash_movement', format('cash/%s', new_movement_id),
        jsonb_build_object(
            'kind', request ->> 'kind', 'amount_gbp', request ->> 'amount_gbp',
            'doubts_waived', coalesce(request -> 'doubts_waived', '[]')
        )
    );
    return new_movement_id;
end
$$;

-- The page asks nothing about a form that is recorded already.
grant select on desk.recorded_requests to desk_app;
