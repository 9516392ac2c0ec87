-- From signals to the one ticket of a run, and the foreign keys that lock a TRADE ticket.

create table desk.signals_ranked (
    run_id text not null references desk.runs (run_id),
    internal_symbol text not null,
    signal_rank integer not null check (signal_rank >= 1),
    score numeric not null check (score <> 'NaN'),
    created_at timestamptz not null default desk.now(),
    primary key (run_id, internal_symbol),
    unique (run_id, signal_rank)
);

create table desk.portfolio_targets (
    run_id text not null references desk.runs (run_id),
    internal_symbol text not null,
    target_weight_ratio numeric not null check (target_weight_ratio between 0 and 1),
    target_value_gbp numeric not null check (target_value_gbp >= 0),
    held_units numeric not null check (held_units >= 0),
    held_value_gbp numeric not null check (held_value_gbp >= 0),
    binding_constraint text not null,
    created_at timestamptz not null default desk.now(),
    primary key (run_id, internal_symbol)
);
comment on column desk.portfolio_targets.binding_constraint is
    'Why the target is what it is: one word per symbol, e.g. selected, not_ranked, weight_cap, turnover_cap.';

create table desk.ledger_trades_intended (
    run_id text not null references desk.runs (run_id),
    line_number integer not null check (line_number >= 1),
    internal_symbol text not null,
    side text not null check (side in ('BUY', 'SELL')),
    value_gbp numeric not null check (value_gbp > 0 and value_gbp = round(value_gbp, 2)),
    units_estimate numeric not null check (units_estimate > 0),
    -- A sale of everything is by units, so nothing is left over.
    is_full_exit boolean not null check (not is_full_exit or side = 'SELL'),
    reference_price_usd numeric not null check (reference_price_usd > 0),
    price_limit_usd numeric not null check (price_limit_usd > 0),
    gbpusd_rate numeric not null check (gbpusd_rate > 0),
    created_at timestamptz not null default desk.now(),
    primary key (run_id, line_number),
    unique (run_id, internal_symbol)
);
comment on column desk.ledger_trades_intended.price_limit_usd is
    'A BUY is skipped above it, a SELL below it.';

create table desk.risk_checks (
    run_id text not null references desk.runs (run_id),
    check_name text not null,
    observed_value numeric,
    limit_value numeric,
    is_clear boolean not null,
    reason text not null,
    fix text not null,
    created_at timestamptz not null default desk.now(),
    primary key (run_id, check_name)
);
comment on table desk.risk_checks is 'What the riskguard found in Python; the risk gate finds the same again in SQL.';

create table desk.required_checks (
    gate text not null check (gate in ('data_quality', 'confirmation', 'reconciliation', 'risk')),
    check_name text not null,
    primary key (gate, check_name)
);
comment on table desk.required_checks is 'The fixed list of checks. A check of this list without a clear verdict blocks.';

insert into desk.required_checks (gate, check_name) values
    ('data_quality', 'benchmark_present'),
    ('data_quality', 'coverage'),
    ('data_quality', 'freshness'),
    ('data_quality', 'no_duplicates'),
    ('data_quality', 'prices_valid'),
    ('data_quality', 'jumps_explained'),
    ('data_quality', 'universe_not_empty'),
    ('data_quality', 'fx_present'),
    ('confirmation', 'previous_ticket_confirmed'),
    ('reconciliation', 'snapshot_recent'),
    ('reconciliation', 'snapshot_after_last_fill'),
    ('reconciliation', 'cash_matches'),
    ('reconciliation', 'positions_match'),
    ('reconciliation', 'positions_known'),
    ('risk', 'riskguard_agrees'),
    ('risk', 'positions_count'),
    ('risk', 'position_weight'),
    ('risk', 'cash_buffer'),
    ('risk', 'turnover'),
    ('risk', 'long_only'),
    ('risk', 'symbols_tradable'),
    ('risk', 'sizes_possible'),
    ('risk', 'drawdown'),
    ('risk', 'price_band'),
    ('risk', 'daily_loss'),
    ('risk', 'halt_released');

create table desk.gate_results (
    run_id text not null references desk.runs (run_id),
    gate text not null check (gate in ('data_quality', 'confirmation', 'reconciliation', 'risk')),
    status text not null check (status in ('PASS', 'FAIL')),
    checks jsonb not null,
    created_at timestamptz not null default desk.now(),
    primary key (run_id, gate),
    unique (run_id, gate, status)
);
comment on table desk.gate_results is 'Written by desk.judge_gate alone; checks holds the verdict rows it read.';

-- Reads the verdicts dbt computed for this run; a missing table, row or value is a FAIL with its reason.
-- Judging twice gives the first answer: a run never changes its mind.
create function desk.judge_gate(judged_run_id text, judged_gate text) returns text
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
declare
    verdicts jsonb := '[]';
    found_status text;
begin
    perform 1 from desk.runs where run_id = judged_run_id;
    if not found then
        raise exception 'run % does not exist', judged_run_id;
    end if;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    if found then
        return found_status;
    end if;
    begin
        select coalesce(jsonb_agg(to_jsonb(verdict)), '[]')
        into verdicts
        from gates.gate_verdicts as verdict
        where verdict.run_id = judged_run_id and verdict.gate = judged_gate;
    exception when undefined_table or undefined_column or insufficient_privilege then
        verdicts := '[]';
    end;
    with expected as (
        select check_name from desk.required_checks where gate = judged_gate
    ),
    found_rows as (
        select v.check_name, v.observed_value, v.limit_value, v.is_clear, v.reason, v.fix
        from jsonb_to_recordset(verdicts) as v (
            check_name text, observed_value numeric, limit_value numeric, is_clear boolean, reason text, fix text
        )
    ),
    counted as (
        select check_name, count(*) as row_count from found_rows group by check_name
    ),
    joined as (
        select
            coalesce(expected.check_name, found_rows.check_name) as check_name,
            found_rows.observed_value,
            found_rows.limit_value,
            coalesce(found_rows.is_clear and counted.row_count = 1 and expected.check_name is not null, false) as is_clear,
            case
                when found_rows.check_name is null then 'no verdict was computed for this run'
                when expected.check_name is null then 'the verdict names a check the desk does not know'
                when counted.row_count > 1 then 'the check has ' || counted.row_count || ' verdicts instead of one'
                else coalesce(found_rows.reason, 'the verdict has no reason')
            end as reason,
            coalesce(found_rows.fix, 'Run `dbt build` for this run again and read its log.') as fix
        from expected
        full join found_rows on found_rows.check_name = expected.check_name
        left join counted on counted.check_name = found_rows.check_name
    )
    insert into desk.gate_results (run_id, gate, status, checks)
    select
        judged_run_id,
        judged_gate,
        case when count(*) > 0 and bool_and(joined.is_clear) then 'PASS' else 'FAIL' end,
        coalesce(jsonb_agg(to_jsonb(joined) order by joined.check_name), '[]')
    from joined
    on conflict (run_id, gate) do nothing;
    select status into found_status from desk.gate_results where run_id = judged_run_id and gate = judged_gate;
    return found_status;
end
$$;

create table desk.decisions (
    run_id text primary key references desk.runs (run_id),
    is_approved boolean not null,
    reasons jsonb not null check (jsonb_typeof(reasons) = 'array'),
    created_at timestamptz not null default desk.now(),
    unique (run_id, is_approved),
    check (is_approved = (jsonb_array_length(reasons) = 0))
);

create table desk.tickets (
    ticket_id text primary key,
    run_id text not null unique references desk.runs (run_id),
    portfolio_id text not null references desk.portfolios (portfolio_id),
    plan_week text not null,
    kind text not null check (kind in ('TRADE', 'NO-TRADE')),
    reasons jsonb not null check (jsonb_typeof(reasons) = 'array'),
    body_json text not null,
    body_markdown text not null,
    content_sha256 text not null check (content_sha256 = encode(sha256(convert_to(body_json, 'UTF8')), 'hex')),
    window_open_at timestamptz not null,
    window_close_at timestamptz not null check (window_close_at > window_open_at),
    deadline_at timestamptz not null check (deadline_at >= window_close_at),
    issued_at timestamptz not null default desk.now(),
    -- Null for a NO-TRADE ticket, which makes the foreign keys below ask for nothing.
    need text generated always as (case kind when 'TRADE' then 'PASS' end) stored,
    need_approval boolean generated always as (case kind when 'TRADE' then true end) stored,
    gate_data_quality text generated always as ('data_quality') stored,
    gate_confirmation text generated always as ('confirmation') stored,
    gate_reconciliation text generated always as ('reconciliation') stored,
    gate_risk text generated always as ('risk') stored,
    foreign key (run_id, gate_data_quality, need) references desk.gate_results (run_id, gate, status),
    foreign key (run_id, gate_confirmation, need) references desk.gate_results (run_id, gate, status),
    foreign key (run_id, gate_reconciliation, need) references desk.gate_results (run_id, gate, status),
    foreign key (run_id, gate_risk, need) references desk.gate_results (run_id, gate, status),
    foreign key (run_id, need_approval) references desk.decisions (run_id, is_approved),
    foreign key (run_id, portfolio_id, plan_week, window_open_at, window_close_at, deadline_at)
        references desk.runs (run_id, portfolio_id, plan_week, window_open_at, window_close_at, deadline_at),
    unique (ticket_id, kind),
    unique (ticket_id, run_id),
    check (kind = 'TRADE' or jsonb_array_length(reasons) > 0),
    check (kind = 'NO-TRADE' or issued_at < window_close_at)
);
-- Planning again in the same week is allowed after a NO-TRADE, never after a TRADE.
create unique index one_trade_ticket_per_week on desk.tickets (portfolio_id, plan_week) where kind = 'TRADE';

create table desk.ticket_lines (
    ticket_id text not null,
    line_number integer not null,
    run_id text not null,
    ticket_kind text not null generated always as ('TRADE') stored,
    etoro_search_name text not null,
    order_type text not null check (order_type = 'MARKET'),
    primary key (ticket_id, line_number),
    foreign key (ticket_id, ticket_kind) references desk.tickets (ticket_id, kind),
    foreign key (ticket_id, run_id) references desk.tickets (ticket_id, run_id),
    foreign key (run_id, line_number) references desk.ledger_trades_intended (run_id, line_number)
);
comment on table desk.ticket_lines is 'The order lines of a TRADE ticket; their figures are in ledger_trades_intended.';

create function desk.require_all_lines() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
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
    return null;
end
$$;
create constraint trigger require_all_lines after insert on desk.tickets
deferrable initially deferred for each row execute function desk.require_all_lines();
alter table desk.tickets enable always trigger require_all_lines;

-- The halt (kill switch): an advisory lock, because a row lock either lets late tickets commit or starves the halt.
create table desk.halts (
    halt_id bigint generated always as identity primary key,
    kind text not null check (kind in ('engage', 'release')),
    reason text not null check (length(trim(reason)) > 0),
    person text not null,
    created_at timestamptz not null default desk.now()
);

create function desk.is_halted() returns boolean
language sql volatile security definer
set search_path = pg_catalog, desk
return coalesce((select halts.kind = 'engage' from desk.halts order by halts.halt_id desc limit 1), false);

create function desk.engage_halt(halt_reason text, halt_person text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    perform pg_advisory_xact_lock(hashtext('trading_ops.halt')::bigint);
    insert into desk.halts (kind, reason, person) values ('engage', halt_reason, halt_person);
end
$$;

create function desk.refuse_trade_while_halted() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    -- Whoever writes it, a ticket is issued now.
    new.issued_at := desk.now();
    if new.kind = 'TRADE' then
        -- Any other level would read the halt log as it was before the lock was granted.
        if current_setting('transaction_isolation') <> 'read committed' then
            raise exception 'TRADE tickets are issued at read committed only'
                using errcode = 'integrity_constraint_violation';
        end if;
        perform pg_advisory_xact_lock_shared(hashtext('trading_ops.halt')::bigint);
        if desk.is_halted() then
            raise exception 'the desk is halted: no TRADE ticket can be issued'
                using errcode = 'integrity_constraint_violation';
        end if;
    end if;
    return new;
end
$$;
create trigger refuse_trade_while_halted before insert on desk.tickets
for each row execute function desk.refuse_trade_while_halted();
alter table desk.tickets enable always trigger refuse_trade_while_halted;

call desk.make_append_only('desk.signals_ranked');
call desk.make_append_only('desk.portfolio_targets');
call desk.make_append_only('desk.ledger_trades_intended');
call desk.make_append_only('desk.risk_checks');
call desk.make_append_only('desk.required_checks');
call desk.make_append_only('desk.gate_results');
call desk.make_append_only('desk.decisions');
call desk.make_append_only('desk.tickets');
call desk.make_append_only('desk.ticket_lines');
call desk.make_append_only('desk.halts');

grant insert, select on desk.signals_ranked, desk.portfolio_targets, desk.ledger_trades_intended, desk.risk_checks,
    desk.decisions, desk.tickets, desk.ticket_lines to desk_planner;
grant select on desk.required_checks, desk.gate_results, desk.halts to desk_planner;
grant select on desk.signals_ranked, desk.portfolio_targets, desk.ledger_trades_intended, desk.risk_checks,
    desk.required_checks, desk.gate_results, desk.decisions, desk.tickets, desk.ticket_lines, desk.halts
    to desk_dbt, desk_app, desk_mailer, desk_reader, desk_backup;
grant execute on function desk.judge_gate(text, text) to desk_planner;
grant execute on function desk.is_halted() to desk_planner, desk_app, desk_mailer, desk_dbt, desk_reader;
grant execute on function desk.engage_halt(text, text) to desk_planner, desk_app;
