-- As before, and a doubted split is over once an operator settled it or its vendor said otherwise.
create or replace function desk.is_incident_over(told_incident_id bigint) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with told as (
        select
            incident.code, incident.created_at, run.portfolio_id, run.kind as run_kind,
            split_part(incident.dedupe_key, ':', 2) as subject,
            substr(incident.dedupe_key, length(incident.code) + 2) as subjects
        from desk.incidents as incident
        left join desk.runs as run on run.run_id = incident.run_id
        where incident.incident_id = told_incident_id
    ),

    passed as (
        select told.code, result.gate
        from told
        inner join desk.gate_results as result on result.status = 'PASS' and result.created_at > told.created_at
        inner join desk.runs as run
            on run.run_id = result.run_id and run.portfolio_id = coalesce(told.portfolio_id, run.portfolio_id)
    ),

    -- Later tickets of the portfolio, with the kinds of causes they name.
    ticketed as (
        select ticket.ticket_id, ticket.reasons
        from told
        inner join desk.tickets as ticket
            on ticket.portfolio_id = told.portfolio_id and ticket.issued_at > told.created_at
    ),

    -- Without a portfolio nobody can say what is owed.
    owed as (
        select owed.step from told cross join lateral desk.owed(told.portfolio_id) as owed
        union all
        select 'confirm' from told where told.portfolio_id is null
    ),

    lately as (
        select later.incident_id
        from told
        inner join desk.incidents as later on later.code = told.code
        where later.created_at > desk.now() - interval '1 day'
    )

    select case told.code
        when 'STEP_FAILED' then
            exists (select from desk.heartbeats where component = told.subject and beat_at > told.created_at)
            or told.run_kind = 'plan'
            and exists (select from ticketed where not reasons @> '[{"source": "step"}]')
        when 'RUN_LATE' then
            exists (select from desk.heartbeats where component = told.subject and beat_at > told.created_at)
        when 'DATA_STALE' then exists (select from passed where gate = 'data_quality')
        when 'VENDOR_OUTAGE' then exists (select from passed where gate = 'data_quality')
        when 'RISK_BLOCKED' then exists (select from passed where gate = 'risk')
        when 'DRAWDOWN_LIMIT' then exists (select from passed where gate = 'risk')
        when 'WINDOW_MISSED' then exists (select from ticketed where not reasons @> '[{"source": "window"}]')
        when 'CONFIRMATION_MISSING' then not exists (select from owed where step = 'confirm')
        when 'SNAPSHOT_MISSING' then not exists (select from owed where step in ('confirm', 'snapshot'))
        when 'RECONCILIATION_DRIFT' then
            not exists (select from owed where step in ('confirm', 'snapshot', 'reconcile'))
        when 'KILL_SWITCH' then
            exists (select from desk.halts where kind = 'release' and halt_id > told.subject::bigint)
        when 'SPLIT_DOUBTED' then (
            select finding.belief <> 'doubted'
            from desk.split_findings as finding
            where finding.portfolio_id = told.subject
                and format('%s:%s', finding.internal_symbol, finding.ex_date)
                    = substr(told.subjects, length(told.subject) + 2)
            order by finding.person is null, finding.finding_id desc
            limit 1
        )
        when 'NO_TICKET' then exists (
            select from desk.tickets
            where portfolio_id = told.subject and plan_week = split_part(told.subjects, ':', 2)
        )
        when 'REPORT_MISSING' then
            exists (select from desk.outbox where dedupe_key = 'daily_report:' || told.subjects)
        when 'SOURCE_BLOCKED' then exists (
            select from raw.load_results
            where source = told.subject
                and outcome in ('stored', 'restated', 'unchanged')
                and created_at > told.created_at
        )
        when 'SYMBOL_DISABLED' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key = told.subjects and later.is_enabled
        )
        -- What comes and goes is over once it has stayed away for a day.
        when 'COMPONENT_DOWN' then not exists (select from lately)
        when 'DISK_LOW' then not exists (select from lately)
        when 'DATABASE_SLOW' then not exists (select from lately)
        when 'UNTRADABLE_SYMBOL' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key in (told.subjects, 'UNTRADABLE:' || told.subject) and later.is_enabled
        )
        when 'MAIL_WAITING' then not exists (
            select from desk.waiting_mails where not is_held and created_at <= told.created_at
        )
        when 'DAG_PAUSED' then not desk.is_dag_paused(told.subject)
        when 'MAIL_REFUSED' then exists (
            select from desk.outbox as refused
            inner join desk.outbox as later on later.recipient = refused.recipient
            inner join desk.outbox_deliveries as delivery on delivery.mail_id = later.mail_id
            where refused.mail_id = told.subject::bigint
                and delivery.status = 'sent'
                and delivery.created_at > told.created_at
        )
        else false
    end
    from told;
end;

-- As before; a word on a split moves the book as an entry does, and under a clock that was set back nobody can say what came
-- after a plan.
create or replace function desk.refuse_overtaken_trade() returns trigger
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    other_ticket_id text;
    later record;
begin
    perform from desk.portfolios where portfolio_id = new.portfolio_id for no key update;
    if new.kind <> 'TRADE' then
        return new;
    end if;
    other_ticket_id := desk.newer_ticket(new.run_id);
    if other_ticket_id is not null then
        raise exception 'a later plan has its ticket % already', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'newest_plan_trades';
    end if;
    -- Two of the same session are refused by their index, which says it better.
    select ticket.ticket_id into other_ticket_id
    from desk.tickets as ticket
    inner join desk.runs as run on run.run_id = new.run_id
    where ticket.portfolio_id = new.portfolio_id
        and ticket.kind = 'TRADE'
        and ticket.issued_at > run.frozen_at
        and ticket.window_open_at <> new.window_open_at
    order by ticket.issued_at desc
    limit 1;
    if found then
        raise exception 'this plan was frozen before the ticket % was out', other_ticket_id
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_ticket_before';
    end if;
    select run.frozen_at as recorded_at into later from desk.runs as run where run.run_id = new.run_id;
    if later.recorded_at > desk.now() then
        raise exception 'this plan was frozen at %, and now it is %: the clock was set back', later.recorded_at, desk.now()
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_book';
    end if;
    select entry.kind, entry.recorded_at into later
    from desk.runs as run
    cross join lateral (
        select kind, recorded_at from desk.entries where portfolio_id = new.portfolio_id
        union all
        select 'split', created_at from desk.split_findings where portfolio_id = new.portfolio_id
    ) as entry
    where run.run_id = new.run_id and entry.recorded_at > run.frozen_at
    order by entry.recorded_at
    limit 1;
    if found then
        raise exception 'the book has an entry (%) recorded at %, after this plan was frozen', later.kind, later.recorded_at
            using errcode = 'integrity_constraint_violation', constraint = 'plan_knows_the_book';
    end if;
    return new;
end
$$;
