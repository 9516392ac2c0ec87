-- The lock binds orders and not only verdicts: what is judged is hashed, the hash goes from the gates by way of the
-- decision to the ticket, and nothing can be added to what was judged, nor to a ticket that is out.

-- What a ticket's orders are made of; its text is hashed. Without run_id, so the same plan has the same hash.
create function desk.orders_sha256(planned_run_id text) returns text
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
return encode(sha256(convert_to((
    select jsonb_build_object(
        'inputs', jsonb_build_array(
            run.portfolio_id, run.plan_week, run.as_of_date, run.data_snapshot_id, run.policy_hash, run.universe_hash,
            run.calendar_hash, run.config_hash, run.signal_method, run.model_version
        ),
        'window', jsonb_build_array(
            extract(epoch from run.window_open_at), extract(epoch from run.window_close_at),
            extract(epoch from run.deadline_at)
        ),
        'targets', (
            select jsonb_agg(to_jsonb(target) - 'run_id' - 'created_at' order by target.internal_symbol)
            from desk.portfolio_targets as target
            where target.run_id = run.run_id
        ),
        'orders', (
            select jsonb_agg(
                to_jsonb(intended) - 'run_id' - 'created_at'
                || jsonb_build_object('etoro_search_name', universe.etoro_search_name)
                order by intended.line_number
            )
            from desk.ledger_trades_intended as intended
            left join desk.config_universe as universe
                on universe.universe_hash = run.universe_hash
                and universe.internal_symbol = intended.internal_symbol
            where intended.run_id = run.run_id
        )
    )::text
    from desk.runs as run
    where run.run_id = planned_run_id
), 'UTF8')), 'hex');

-- Whoever writes a verdict, a decision or a ticket, it is of the orders that stand there now.
create function desk.seal() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    -- Of a run that does not exist, which the foreign key refuses.
    new.orders_sha256 := coalesce(desk.orders_sha256(new.run_id), '');
    return new;
end
$$;

do $$
declare
    sealed text;
begin
    foreach sealed in array array['gate_results', 'decisions', 'tickets'] loop
        execute format('alter table desk.%I add column orders_sha256 text', sealed);
        execute format('alter table desk.%I disable trigger refuse_row_change', sealed);
        execute format('update desk.%I set orders_sha256 = desk.orders_sha256(run_id)', sealed);
        execute format('alter table desk.%I enable always trigger refuse_row_change', sealed);
    end loop;
end
$$;
set constraints all immediate;
do $$
declare
    sealed text;
begin
    foreach sealed in array array['gate_results', 'decisions', 'tickets'] loop
        execute format('alter table desk.%I alter column orders_sha256 set not null', sealed);
        execute format(
            'create trigger seal before insert on desk.%I for each row execute function desk.seal()', sealed
        );
        execute format('alter table desk.%I enable always trigger seal', sealed);
    end loop;
end
$$;

alter table desk.gate_results add unique (run_id, gate, status, orders_sha256);
alter table desk.decisions add unique (run_id, is_approved, orders_sha256);
alter table desk.tickets
    drop constraint tickets_run_id_gate_data_quality_need_fkey,
    drop constraint tickets_run_id_gate_confirmation_need_fkey,
    drop constraint tickets_run_id_gate_reconciliation_need_fkey,
    drop constraint tickets_run_id_gate_risk_need_fkey,
    drop constraint tickets_run_id_need_approval_fkey,
    add constraint tickets_run_id_gate_data_quality_need_fkey
        foreign key (run_id, gate_data_quality, need, orders_sha256)
        references desk.gate_results (run_id, gate, status, orders_sha256),
    add constraint tickets_run_id_gate_confirmation_need_fkey
        foreign key (run_id, gate_confirmation, need, orders_sha256)
        references desk.gate_results (run_id, gate, status, orders_sha256),
    add constraint tickets_run_id_gate_reconciliation_need_fkey
        foreign key (run_id, gate_reconciliation, need, orders_sha256)
        references desk.gate_results (run_id, gate, status, orders_sha256),
    add constraint tickets_run_id_gate_risk_need_fkey
        foreign key (run_id, gate_risk, need, orders_sha256)
        references desk.gate_results (run_id, gate, status, orders_sha256),
    add constraint tickets_run_id_need_approval_fkey
        foreign key (run_id, need_approval, orders_sha256)
        references desk.decisions (run_id, is_approved, orders_sha256);

-- Before a gate is judged a plan may be written, after it no more.
create function desk.refuse_late_order() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if exists (select from desk.gate_results where run_id = new.run_id)
        or exists (select from desk.decisions where run_id = new.run_id)
        or exists (select from desk.tickets where run_id = new.run_id)
    then
        raise exception 'run % was judged already: nothing can be added to its %', new.run_id, tg_table_name
            using errcode = 'integrity_constraint_violation', constraint = 'orders_before_judgement';
    end if;
    return new;
end
$$;
create trigger refuse_late_order before insert on desk.ledger_trades_intended
for each row execute function desk.refuse_late_order();
alter table desk.ledger_trades_intended enable always trigger refuse_late_order;
create trigger refuse_late_order before insert on desk.portfolio_targets
for each row execute function desk.refuse_late_order();
alter table desk.portfolio_targets enable always trigger refuse_late_order;
create trigger refuse_late_order before insert on desk.risk_checks
for each row execute function desk.refuse_late_order();
alter table desk.risk_checks enable always trigger refuse_late_order;

-- A line is of its ticket's own transaction, and searches for what the run's universe calls its symbol.
alter table desk.tickets add column transaction_id xid8 not null default '0';
comment on column desk.tickets.transaction_id is 'The transaction that wrote it; lines can be added in no other.';
alter table desk.config_universe add unique (universe_hash, internal_symbol, etoro_search_name);
alter table desk.runs add unique (run_id, universe_hash);
alter table desk.ledger_trades_intended add unique (run_id, line_number, internal_symbol);
alter table desk.ticket_lines
    add column universe_hash text,
    add column internal_symbol text;
alter table desk.ticket_lines disable trigger refuse_row_change;
update desk.ticket_lines as line
set universe_hash = run.universe_hash, internal_symbol = intended.internal_symbol
from desk.runs as run, desk.ledger_trades_intended as intended
where run.run_id = line.run_id and intended.run_id = line.run_id and intended.line_number = line.line_number;
alter table desk.ticket_lines enable always trigger refuse_row_change;
set constraints all immediate;
alter table desk.ticket_lines
    alter column universe_hash set not null,
    alter column internal_symbol set not null,
    add constraint ticket_lines_universe_fkey
        foreign key (run_id, universe_hash) references desk.runs (run_id, universe_hash),
    add constraint ticket_lines_symbol_fkey
        foreign key (run_id, line_number, internal_symbol)
        references desk.ledger_trades_intended (run_id, line_number, internal_symbol),
    add constraint ticket_lines_search_name_fkey
        foreign key (universe_hash, internal_symbol, etoro_search_name)
        references desk.config_universe (universe_hash, internal_symbol, etoro_search_name);

create function desk.complete_line() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if exists (
        select from desk.tickets
        where ticket_id = new.ticket_id and transaction_id <> pg_current_xact_id()
    ) then
        raise exception 'ticket % is out: no line can be added to it', new.ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'lines_with_their_ticket';
    end if;
    select run.universe_hash into new.universe_hash from desk.runs as run where run.run_id = new.run_id;
    select intended.internal_symbol into new.internal_symbol
    from desk.ledger_trades_intended as intended
    where intended.run_id = new.run_id and intended.line_number = new.line_number;
    if new.internal_symbol is null then
        raise exception 'run % has no line % in ledger_trades_intended', new.run_id, new.line_number
            using errcode = 'foreign_key_violation', constraint = 'ticket_lines_symbol_fkey';
    end if;
    return new;
end
$$;
create trigger complete_line before insert on desk.ticket_lines
for each row execute function desk.complete_line();
alter table desk.ticket_lines enable always trigger complete_line;

-- One TRADE per portfolio and execution session, whatever week it is called by.
create unique index one_trade_ticket_per_session
    on desk.tickets (portfolio_id, ((window_open_at at time zone 'America/New_York')::date))
    where kind = 'TRADE';

-- The window of a plan lies within a session of its week, after the session it is based on.
create function desk.refuse_odd_window() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if new.kind = 'plan' and not exists (
        select from desk.calendar_sessions as session
        where session.calendar_hash = new.calendar_hash
            and session.session_date > new.as_of_date
            and new.plan_week = to_char(session.session_date, 'IYYY-"W"IW')
            and new.window_open_at >= session.open_at
            and new.window_close_at <= session.close_at
            and new.deadline_at < session.close_at + interval '1 day'
    ) then
        raise exception 'the window of run % is within no session of %', new.run_id, new.plan_week
            using errcode = 'check_violation', constraint = 'window_within_session';
    end if;
    return new;
end
$$;
create trigger refuse_odd_window before insert on desk.runs
for each row execute function desk.refuse_odd_window();
alter table desk.runs enable always trigger refuse_odd_window;

-- What the ticket's text says of its lines is what its lines are; null when it does.
create function desk.odd_in_body(checked_ticket_id text) returns text
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with ticket as (
        select *, body_json::jsonb as body from desk.tickets where ticket_id = checked_ticket_id
    ),

    said as (
        select
            (line ->> 'line_number')::integer as line_number,
            line ->> 'etoro_search_name' as etoro_search_name,
            line ->> 'internal_symbol' as internal_symbol,
            line ->> 'side' as side,
            (line ->> 'value_gbp')::numeric as value_gbp,
            (line ->> 'units_estimate')::numeric as units_estimate,
            (line ->> 'is_full_exit')::boolean as is_full_exit,
            (line ->> 'price_limit_usd')::numeric as price_limit_usd
        from ticket
        cross join lateral jsonb_array_elements(ticket.body -> 'lines') as line
    ),

    meant as (
        select
            line.line_number, line.etoro_search_name, intended.internal_symbol, intended.side,
            intended.value_gbp::numeric, intended.units_estimate::numeric, intended.is_full_exit,
            intended.price_limit_usd::numeric
        from desk.ticket_lines as line
        inner join desk.ledger_trades_intended as intended
            on intended.run_id = line.run_id and intended.line_number = line.line_number
        where line.ticket_id = checked_ticket_id
    )

    select case
        when ticket.body ->> 'ticket_id' is distinct from ticket.ticket_id then 'its name'
        when ticket.body ->> 'kind' is distinct from ticket.kind then 'its kind'
        when ticket.body ->> 'portfolio_id' is distinct from ticket.portfolio_id then 'its portfolio'
        when ticket.body #>> '{run,run_id}' is distinct from ticket.run_id then 'its run'
        when (ticket.body #>> '{window,open,at}')::timestamptz
            is distinct from date_trunc('second', ticket.window_open_at)
            or (ticket.body #>> '{window,close,at}')::timestamptz
            is distinct from date_trunc('second', ticket.window_close_at)
            or (ticket.body #>> '{window,deadline,at}')::timestamptz
            is distinct from date_trunc('second', ticket.deadline_at)
            then 'its window'
        when exists ((table said except table meant) union all (table meant except table said)) then 'its lines'
    end
    from ticket;
end;
comment on function desk.odd_in_body(text) is 'Which part of a ticket''s text is not what its rows say; null when all is.';

create or replace function desk.require_all_lines() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    odd text;
begin
    if new.kind = 'TRADE' and (
        not exists (select from desk.ticket_lines where ticket_id = new.ticket_id)
        or exists (
            select from desk.ledger_trades_intended as intended
            where intended.run_id = new.run_id
                and not exists (
                    select from desk.ticket_lines as line
                    where line.ticket_id = new.ticket_id and line.line_number = intended.line_number
                )
        )
    ) then
        raise exception 'TRADE ticket % must carry a line for every intended trade, and at least one', new.ticket_id
            using errcode = 'integrity_constraint_violation';
    end if;
    odd := desk.odd_in_body(new.ticket_id);
    if odd is not null then
        raise exception 'the text of ticket % says something else than its rows: %', new.ticket_id, odd
            using errcode = 'integrity_constraint_violation', constraint = 'body_says_its_lines';
    end if;
    return null;
end
$$;

create or replace function desk.refuse_trade_while_halted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    -- Whoever writes it, a ticket is issued now, in this transaction.
    new.issued_at := desk.now();
    new.transaction_id := pg_current_xact_id();
    if new.kind = 'TRADE' then
        -- Any other level would read the halt log as it was before the lock was granted.
        if current_setting('transaction_isolation') <> 'read committed' then
            raise exception 'TRADE tickets are issued at read committed only'
                using errcode = 'integrity_constraint_violation';
        end if;
        perform pg_advisory_xact_lock_shared(hashtext('trading_ops.halt')::bigint);
        if desk.is_halted() then
            raise exception 'the desk is halted: no TRADE ticket can be issued'
                using errcode = 'integrity_constraint_violation', constraint = 'desk_not_halted';
        end if;
    end if;
    return new;
end
$$;

-- The issue of a ticket is in the log because the ticket is in its table.
create function desk.audit_ticket() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    perform desk.audit(
        'desk', 'ticket_issued', new.ticket_id,
        jsonb_build_object('run_id', new.run_id, 'kind', new.kind, 'content_sha256', new.content_sha256)
    );
    return null;
end
$$;
create trigger audit_ticket after insert on desk.tickets for each row execute function desk.audit_ticket();
alter table desk.tickets enable always trigger audit_ticket;

-- What the page itself notes, and nothing else.
create function desk.note_access(person_name text, noted_action text, noted_subject text, noted_detail jsonb)
returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
begin
    if noted_action not in ('form_refused') then
        raise exception 'the page notes no %', noted_action
            using errcode = 'check_violation', constraint = 'page_notes_access';
    end if;
    perform desk.audit(person_name, noted_action, noted_subject, noted_detail);
end
$$;

-- An actor of the desk is no person's name.
alter table desk.people add constraint a_person_is_no_service check (person_id not in ('desk', 'shell')) not valid;

drop function desk.set_person(text, text, text, text);
create function desk.set_person(
    changed_by text, new_person_id text, new_role text, new_email text, new_password_hash text
) returns void
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    old_role text;
    actor text := changed_by;
begin
    if not exists (select from desk.people where role = 'operator') then
        -- Somebody has to be the first.
        actor := 'shell';
    elsif not exists (select from desk.people where person_id = changed_by and role = 'operator') then
        raise exception '% is no operator: only an operator lets people in', coalesce(changed_by, 'nobody')
            using errcode = 'check_violation', constraint = 'operator_lets_in';
    end if;
    select role into old_role from desk.people where person_id = new_person_id;
    insert into desk.people (person_id, role, email, password_hash)
    values (new_person_id, new_role, new_email, new_password_hash)
    on conflict (person_id) do update
    set role = excluded.role, email = excluded.email, password_hash = excluded.password_hash;
    perform desk.audit(
        actor, case when old_role is null then 'person_added' else 'person_changed' end, new_person_id,
        jsonb_build_object('role', new_role, 'old_role', old_role, 'email', new_email)
    );
end
$$;

revoke insert on desk.audit_log from desk_planner, desk_app;
grant execute on function desk.note_access(text, text, text, jsonb) to desk_app;
grant execute on function desk.set_person(text, text, text, text, text) to desk_planner;
grant execute on function desk.odd_in_body(text) to desk_app, desk_planner, desk_mailer;
