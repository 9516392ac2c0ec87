-- A cash movement that was booked by mistake is taken back by a row of its own, once: the same kind and instant,
-- the opposite amount. And no run is about a day that has not come.

alter table desk.ledger_cash_movements
    add column reverses_movement_id bigint unique,
    add column reversed_gbp desk.money
        generated always as (case when reverses_movement_id is not null then -amount_gbp end) stored,
    drop constraint ledger_cash_movements_check,
    add constraint sign_of_its_kind check (
        reverses_movement_id is not null
        or (kind = 'deposit' and amount_gbp > 0)
        or (kind in ('withdrawal', 'fee') and amount_gbp < 0)
        or kind in ('dividend', 'interest', 'correction')
    ),
    add unique (movement_id, portfolio_id, kind, occurred_at, amount_gbp),
    add constraint reverses_the_whole_of_it
        foreign key (reverses_movement_id, portfolio_id, kind, occurred_at, reversed_gbp)
        references desk.ledger_cash_movements (movement_id, portfolio_id, kind, occurred_at, amount_gbp);
comment on column desk.ledger_cash_movements.reverses_movement_id is
    'Set on the row that takes a movement back out of the ledger.';

-- request: {portfolio_id, movement_id, person, notes, idempotency_key}
create function desk.reverse_cash_movement(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    wrong record;
    new_movement_id bigint;
begin
    earlier_id := desk.earlier_record('cash_movement', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    if not exists (select from desk.people where person_id = request ->> 'person' and role = 'operator') then
        raise exception '% is no operator: only an operator takes a movement back', request ->> 'person'
            using errcode = 'check_violation', constraint = 'operator_reverses';
    end if;
    if length(trim(coalesce(request ->> 'notes', ''))) = 0 then
        raise exception 'a movement is taken back for a reason' using errcode = 'check_violation';
    end if;
    select movement_id, kind, amount_gbp, occurred_at, reverses_movement_id into wrong
    from desk.ledger_cash_movements
    where movement_id = (request ->> 'movement_id')::bigint and portfolio_id = request ->> 'portfolio_id';
    if not found then
        raise exception 'this portfolio has no cash movement %', request ->> 'movement_id'
            using errcode = 'foreign_key_violation';
    end if;
    if wrong.reverses_movement_id is not null then
        raise exception 'movement % takes another one back itself: book that one again', wrong.movement_id
            using errcode = 'check_violation', constraint = 'a_reversal_stays';
    end if;
    -- Under the portfolio's lock, so a second one sees the first.
    if exists (select from desk.ledger_cash_movements where reverses_movement_id = wrong.movement_id) then
        raise exception 'movement % is taken back already', wrong.movement_id
            using errcode = 'check_violation', constraint = 'reversed_once';
    end if;
    insert into desk.ledger_cash_movements (
        portfolio_id, kind, amount_gbp, occurred_at, person, notes, idempotency_key, request_sha256,
        reverses_movement_id
    ) values (
        request ->> 'portfolio_id', wrong.kind, -wrong.amount_gbp, wrong.occurred_at, request ->> 'person',
        request ->> 'notes', request ->> 'idempotency_key', desk.request_sha256(request), wrong.movement_id
    ) returning movement_id into new_movement_id;
    perform desk.audit(
        request ->> 'person', 'reverse_cash_movement', format('cash/%s', new_movement_id),
        jsonb_build_object(
            'reverses', format('cash/%s', wrong.movement_id), 'amount_gbp', (-wrong.amount_gbp)::text,
            'reason', request ->> 'notes'
        )
    );
    return new_movement_id;
end
$$;
grant execute on function desk.reverse_cash_movement(jsonb) to desk_app;

alter table desk.runs add constraint as_of_date_has_come
    check (as_of_date <= (frozen_at at time zone 'America/New_York')::date) not valid;
