-- Who did what is written by the function that does it, in the branch where it is new, whoever calls: the page, the
-- command line, a task. Who acts is a person the desk knows, or one of its two services.

create function desk.is_actor(actor_name text) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk
return actor_name in ('desk', 'shell') or exists (select from desk.people where person_id = actor_name);
comment on function desk.is_actor(text) is
    'A person, or a service: `desk` is the desk itself, `shell` whoever stands at its machine and gave no name.';

-- Granted to nobody: only functions of the owner write through it.
create function desk.audit(actor_name text, audit_action text, audit_subject text, audit_detail jsonb) returns void
language plpgsql
set search_path = pg_catalog, desk
as $$
begin
    if desk.is_actor(actor_name) is not true then
        raise exception 'nobody is called % here', coalesce(actor_name, 'null')
            using errcode = 'foreign_key_violation', constraint = 'person_is_known';
    end if;
    insert into desk.audit_log (person, action, subject, detail)
    values (actor_name, audit_action, audit_subject, audit_detail);
end
$$;

-- What forms and tasks hand in is recorded once per key: the same key with the same body finds what is there, with
-- another body it is refused.
create function desk.request_sha256(request jsonb) returns text
language sql immutable
set search_path = pg_catalog
return encode(sha256(convert_to((request - 'idempotency_key')::text, 'UTF8')), 'hex');

create view desk.recorded_requests as
select 'confirmation' as kind, confirmation_id as record_id, idempotency_key, request_sha256 from desk.confirmations
union all
select 'snapshot', snapshot_id, idempotency_key, request_sha256 from desk.broker_snapshots
union all
select 'cash_movement', movement_id, idempotency_key, request_sha256 from desk.ledger_cash_movements;
comment on view desk.recorded_requests is 'Every request that was recorded under an idempotency key.';

-- Granted to nobody. Takes the lock under which such requests of a ticket or portfolio come one at a time, and
-- returns the record this request made before, or null.
create function desk.earlier_record(record_kind text, locked text, request jsonb) returns bigint
language plpgsql
set search_path = pg_catalog, desk
as $$
declare
    earlier record;
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.' || record_kind), hashtext(locked));
    select record_id, request_sha256 into earlier
    from desk.recorded_requests
    where kind = record_kind and idempotency_key = request ->> 'idempotency_key';
    if not found then
        return null;
    end if;
    if earlier.request_sha256 <> desk.request_sha256(request) then
        raise exception 'this form was already sent with other figures'
            using errcode = 'unique_violation', constraint = 'same_key_same_body';
    end if;
    return earlier.record_id;
end
$$;

-- request: {ticket_id, line_number, status, notes, amendment_reason, person, idempotency_key, seen_version,
--           are_figures_checked, is_untradable, fills: [{units, price_usd, value_gbp, fee_gbp, executed_at}]};
-- without seen_version the newest is meant.
create or replace function desk.record_confirmation(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
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
            'are_figures_checked', coalesce((request ->> 'are_figures_checked')::boolean, false),
            'is_untradable', coalesce((request ->> 'is_untradable')::boolean, false)
        )
    );
    return new_confirmation_id;
end
$$;

create or replace function desk.record_snapshot(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
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
            'cash_gbp', request ->> 'cash_gbp', 'positions_count', jsonb_array_length(request -> 'positions')
        )
    );
    return new_snapshot_id;
end
$$;

create or replace function desk.record_cash_movement(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
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
        jsonb_build_object('kind', request ->> 'kind', 'amount_gbp', request ->> 'amount_gbp')
    );
    return new_movement_id;
end
$$;

-- Engaging a halted desk changes nothing.
create or replace function desk.engage_halt(halt_reason text, halt_person text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.halt')::bigint);
    if desk.is_halted() then
        return;
    end if;
    insert into desk.halts (kind, reason, person) values ('engage', halt_reason, halt_person);
    perform desk.audit(halt_person, 'halt_engaged', 'halt', jsonb_build_object('reason', halt_reason));
end
$$;

-- Releasing needs an operator, a reason and a broker snapshot taken after the halt; engaging needs no more than a reason.
create or replace function desk.release_halt(release_reason text, release_person text) returns void
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
    if not exists (select from desk.people where person_id = release_person and role = 'operator') then
        raise exception '% is no operator: only an operator ends a halt', release_person
            using errcode = 'check_violation', constraint = 'operator_releases';
    end if;
    select created_at into engaged_at from desk.halts where kind = 'engage' order by halt_id desc limit 1;
    if not exists (select from desk.broker_snapshots where recorded_at > engaged_at and taken_at > engaged_at) then
        raise exception 'a broker snapshot taken after the halt (%) is needed first', engaged_at
            using errcode = 'check_violation', constraint = 'reconcile_before_release';
    end if;
    insert into desk.halts (kind, reason, person) values ('release', release_reason, release_person);
    perform desk.audit(release_person, 'halt_released', 'halt', jsonb_build_object('reason', release_reason));
end
$$;

-- Switches a symbol once per dedupe_key; returns the number the first time and null after.
create function desk.record_switch(
    switched_symbol text, is_on boolean, switch_code text, switch_reason text, switch_run_id text, switch_key text,
    switch_person text
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    new_switch_id bigint;
begin
    insert into desk.symbol_switches (internal_symbol, is_enabled, reason_code, reason, run_id, dedupe_key, decided_by)
    values (switched_symbol, is_on, switch_code, switch_reason, switch_run_id, switch_key, switch_person)
    on conflict (dedupe_key) do nothing
    returning switch_id into new_switch_id;
    if new_switch_id is not null then
        perform desk.audit(
            switch_person, case when is_on then 'symbol_enabled' else 'symbol_disabled' end, switched_symbol,
            jsonb_build_object('switch_id', new_switch_id, 'reason_code', switch_code, 'reason', switch_reason)
        );
    end if;
    return new_switch_id;
end
$$;

-- The next state of a model; refused when it may not take that step.
create function desk.record_model_state(
    decided_version text, decided_state text, decided_by text, decided_reason text, decided_evidence jsonb
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    new_state_id bigint;
begin
    insert into desk.model_states (model_version, state, person, reason, evidence)
    values (decided_version, decided_state, decided_by, decided_reason, decided_evidence)
    returning state_id into new_state_id;
    perform desk.audit(
        decided_by, 'model_' || lower(decided_state), decided_version,
        jsonb_build_object('state_id', new_state_id, 'reason', decided_reason)
    );
    return new_state_id;
end
$$;

revoke insert on desk.symbol_switches, desk.model_states from desk_planner;
revoke insert on desk.untradable_reports from desk_app;
revoke insert on desk.audit_log from desk_mailer, desk_loader;
grant execute on function desk.record_switch(text, boolean, text, text, text, text, text),
    desk.record_model_state(text, text, text, text, jsonb) to desk_planner;
grant select on desk.recorded_requests to desk_reader, desk_backup;
