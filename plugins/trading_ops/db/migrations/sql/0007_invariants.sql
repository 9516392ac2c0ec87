-- One view per invariant. Each must return no row, at any time; what is selected is the evidence.

create view inv.i1_trade_has_every_gate as
select ticket.ticket_id, required.gate, result.status
from desk.tickets as ticket
cross join (select distinct gate from desk.required_checks) as required
left join desk.gate_results as result on result.run_id = ticket.run_id and result.gate = required.gate
where ticket.kind = 'TRADE' and result.status is distinct from 'PASS';

create view inv.i2_one_ticket_per_plan_run as
select run.run_id, run.deadline_at
from desk.runs as run
left join desk.tickets as ticket on ticket.run_id = run.run_id
where run.kind = 'plan' and ticket.run_id is null and desk.now() > run.deadline_at;

create view inv.i3_lines_match_kind as
select ticket.ticket_id, ticket.kind, count(line.line_number) as line_count
from desk.tickets as ticket
left join desk.ticket_lines as line on line.ticket_id = ticket.ticket_id
group by ticket.ticket_id, ticket.kind, ticket.reasons
having (ticket.kind = 'TRADE') <> (count(line.line_number) > 0)
    or (ticket.kind = 'NO-TRADE' and jsonb_array_length(ticket.reasons) = 0);

create view inv.i6_trade_issued_before_its_window_closes as
select ticket.ticket_id, ticket.issued_at, ticket.window_close_at, run.window_close_at as planned_close_at
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
where ticket.kind = 'TRADE'
    and (
        ticket.issued_at >= ticket.window_close_at
        or (ticket.window_open_at, ticket.window_close_at) is distinct from (run.window_open_at, run.window_close_at)
    );

create view inv.i7_previous_trade_was_confirmed as
select ticket.ticket_id, previous.ticket_id as previous_ticket_id, line.line_number
from desk.tickets as ticket
inner join lateral (
    select earlier.ticket_id
    from desk.tickets as earlier
    where earlier.portfolio_id = ticket.portfolio_id and earlier.kind = 'TRADE' and earlier.issued_at < ticket.issued_at
    order by earlier.issued_at desc limit 1
) as previous on true
inner join desk.ticket_lines as line on line.ticket_id = previous.ticket_id
where ticket.kind = 'TRADE'
    and not exists (
        select from desk.confirmations as confirmation
        where confirmation.ticket_id = line.ticket_id
            and confirmation.line_number = line.line_number
            and confirmation.recorded_at <= ticket.issued_at
    );

create view inv.s1_no_partial_load as
select bars.load_id, bars.bar_count, loads.rows_new_count + loads.rows_changed_count as expected_count
from (select load_id, count(*) as bar_count from raw.eod_bars group by load_id) as bars
full join raw.loads on loads.load_id = bars.load_id
where coalesce(bars.bar_count, 0) <> coalesce(loads.rows_new_count + loads.rows_changed_count, -1);

create view inv.s4_one_effect_per_key as
select confirmation.confirmation_id, confirmation.idempotency_key
from desk.confirmations as confirmation
left join desk.ledger_trades_fills as fill
    on fill.confirmation_id = confirmation.confirmation_id and fill.reverses_fill_id is null
group by confirmation.confirmation_id, confirmation.idempotency_key, confirmation.status
having (confirmation.status in ('DONE', 'PARTIAL')) <> (count(fill.fill_id) > 0)
union all
-- An amended version's fills must all have been taken back.
select later.confirmation_id, later.idempotency_key
from desk.confirmations as later
inner join desk.confirmations as earlier
    on earlier.ticket_id = later.ticket_id
    and earlier.line_number = later.line_number
    and earlier.version_number = later.version_number - 1
inner join desk.ledger_trades_fills as fill
    on fill.confirmation_id = earlier.confirmation_id and fill.reverses_fill_id is null
left join desk.ledger_trades_fills as reversal on reversal.reverses_fill_id = fill.fill_id
where reversal.fill_id is null;

create view inv.c1_units_never_negative as
select portfolio_id, internal_symbol, happened_at, running_units
from (
    select
        portfolio_id, internal_symbol, happened_at,
        sum(units_delta) over (
            partition by portfolio_id, internal_symbol order by happened_at, entry_order
        ) as running_units
    from (
        select portfolio_id, internal_symbol, executed_at as happened_at, fill_id as entry_order, sign * units as units_delta
        from desk.signed_fills
        where reverses_fill_id is null
            and not exists (select from desk.ledger_trades_fills as reversal where reversal.reverses_fill_id = signed_fills.fill_id)
        union all
        select portfolio_id, internal_symbol, ex_date::timestamp at time zone 'America/New_York', 0, units_delta
        from desk.ledger_corporate_actions
    ) as entries
) as running
where running_units < 0;

-- From pg_catalog: information_schema hides the columns its reader has no grant for.
create view inv.c3_no_float_columns as
select schema.nspname as table_schema, relation.relname as table_name, attribute.attname as column_name
from pg_attribute as attribute
inner join pg_class as relation on relation.oid = attribute.attrelid
inner join pg_namespace as schema on schema.oid = relation.relnamespace
where schema.nspname in ('raw', 'desk', 'marts', 'gates')
    and relation.relkind in ('r', 'p', 'v', 'm')
    and attribute.attnum > 0
    and not attribute.attisdropped
    and attribute.atttypid in ('real'::regtype, 'double precision'::regtype);

create view inv.c3_reversals_cancel as
select fill.fill_id, reversal.fill_id as reversal_fill_id
from desk.ledger_trades_fills as reversal
inner join desk.ledger_trades_fills as fill on fill.fill_id = reversal.reverses_fill_id
where (fill.portfolio_id, fill.internal_symbol, fill.side, fill.units, fill.value_gbp, fill.fee_gbp)
    is distinct from
    (reversal.portfolio_id, reversal.internal_symbol, reversal.side, reversal.units, reversal.value_gbp, reversal.fee_gbp)
    or fill.reverses_fill_id is not null;

grant select on all tables in schema inv to desk_reader, desk_planner, desk_backup;

-- The health page says which revision the schema is at.
grant select on public.alembic_version to desk_app, desk_reader, desk_backup;
grant usage on schema public to desk_app, desk_reader, desk_backup;
