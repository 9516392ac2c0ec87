-- What the confirm page reads and writes, as desk_app; accounts are kept as desk_planner.

-- name: person(person_id)^
-- Who wants to sign in, or is signed in; who is gone does neither.
select person_id, role, password_hash from desk.people where person_id = :person_id and role <> 'gone';

-- name: admit_sign_in(name, network, device)$
-- How many seconds an attempt to sign in has to wait; 0 counts it and lets its password be looked at.
select desk.admit_sign_in(:name, :network, :device);

-- name: settle_sign_in(name, network, device, is_right)$
-- How an admitted attempt ended.
select desk.settle_sign_in(:name, :network, :device, :is_right);

-- name: set_person(changed_by, person_id, role, email, password_hash)$
-- Adds a person or replaces role, address and password of a known one, as an operator.
select desk.set_person(:changed_by, :person_id, :role, :email, :password_hash);

-- name: desk(portfolio_id)^
-- The banner of every page: what time it is, whether the desk is halted and why, whose money it is.
select
    desk.now() as now_at,
    desk.is_halted() as is_halted,
    halt.reason as halt_reason,
    halt.person as halt_person,
    halt.created_at as halt_at,
    portfolio.kind as portfolio_kind,
    instance.environment,
    instance.instance_id::text as instance_id
from desk.instance
left join desk.portfolios as portfolio on portfolio.portfolio_id = :portfolio_id
left join lateral (select * from desk.halts order by halt_id desc limit 1) as halt on true;

-- name: recent_tickets(portfolio_id)
-- The tickets of a portfolio's newest plans with how many of their lines are recorded.
select
    ticket.ticket_id, ticket.kind, ticket.plan_week, ticket.issued_at, ticket.window_open_at,
    ticket.window_close_at, ticket.deadline_at, ticket.reasons,
    count(distinct line.line_number) as lines_count,
    count(distinct confirmation.line_number) as recorded_count
from desk.tickets as ticket
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
left join desk.ticket_lines as line on line.ticket_id = ticket.ticket_id
left join desk.confirmations as confirmation
    on confirmation.ticket_id = line.ticket_id and confirmation.line_number = line.line_number
where ticket.portfolio_id = :portfolio_id
group by ticket.ticket_id, plan.place_number
order by plan.place_number desc
limit 20;

-- name: ticket(ticket_id)^
-- One ticket, its run, the kind of its portfolio, the newest ticket, if that is of a later plan, what in its text is
-- not its rows', and who asked for another plan of its week.
select
    ticket.ticket_id, ticket.run_id, ticket.portfolio_id, ticket.plan_week, ticket.kind, ticket.reasons,
    ticket.content_sha256, ticket.window_open_at, ticket.window_close_at, ticket.deadline_at, ticket.issued_at,
    portfolio.kind as portfolio_kind, run.as_of_date, desk.odd_in_body(ticket.ticket_id) as odd_in_body,
    desk.newer_ticket(ticket.run_id) as newer_ticket_id,
    request.person as asked_by, request.created_at as asked_at, start.created_at as plan_started_at
from desk.tickets as ticket
inner join desk.portfolios as portfolio on portfolio.portfolio_id = ticket.portfolio_id
inner join desk.runs as run on run.run_id = ticket.run_id
left join desk.plan_requests as request on request.ticket_id = ticket.ticket_id
left join desk.plan_starts as start on start.ticket_id = ticket.ticket_id
where ticket.ticket_id = :ticket_id;

-- name: request_plan(ticket_id, person)$
-- Asks for another plan of the week of a NO-TRADE, as an operator; whether that is news.
select desk.request_plan(:ticket_id, :person);

-- name: lines(ticket_id)
-- The order lines of a ticket with their figures, in the order they are to be executed.
select
    line.line_number, line.etoro_search_name, line.order_type, intended.internal_symbol, intended.side,
    intended.value_gbp, intended.units_estimate, intended.is_full_exit, intended.reference_price_usd,
    intended.price_limit_usd, intended.gbpusd_rate
from desk.ticket_lines as line
inner join desk.ledger_trades_intended as intended
    on intended.run_id = line.run_id and intended.line_number = line.line_number
where line.ticket_id = :ticket_id
order by line.line_number;

-- name: targets(ticket_id)
-- Where a ticket's plan wants each symbol and why, what is wanted most first.
select
    target.internal_symbol as symbol, signal.signal_rank as rank, target.target_weight_ratio as weight_ratio,
    target.binding_constraint
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
inner join desk.portfolio_targets as target on target.run_id = run.run_id
left join desk.signals_ranked as signal
    on signal.run_id = run.run_id
    and signal.method = run.signal_method
    and signal.internal_symbol = target.internal_symbol
where ticket.ticket_id = :ticket_id
order by target.target_weight_ratio desc, signal.signal_rank nulls last, target.internal_symbol;

-- name: confirmations(ticket_id)
-- Every version of every recorded line, the newest version of a line first.
select
    confirmation_id, line_number, version_number, status, notes, amendment_reason, person, recorded_at
from desk.confirmations
where ticket_id = :ticket_id
order by line_number, version_number desc;

-- name: fills(ticket_id)
-- The fills a person typed, of every version, with what was found of each beside the market of its day, null before;
-- the rows that take fills back are left out.
select
    fill.confirmation_id, fill.fill_number, fill.units, fill.price_usd, fill.value_gbp, fill.fee_gbp, fill.executed_at,
    finding.low_usd, finding.high_usd, finding.expected_value_gbp, finding.is_price_in_range, finding.is_in_session,
    finding.is_in_window, finding.is_value_plausible
from desk.ledger_trades_fills as fill
inner join desk.confirmations as confirmation on confirmation.confirmation_id = fill.confirmation_id
left join lateral (
    select * from desk.fill_findings where fill_findings.fill_id = fill.fill_id order by finding_id desc limit 1
) as finding on true
where confirmation.ticket_id = :ticket_id and fill.reverses_fill_id is null
order by fill.confirmation_id, fill.fill_number;

-- name: record_confirmation(request)$
-- Records a line and its fills; the same key and body again gives the same id.
select desk.record_confirmation(:request);

-- name: test_ticket(test_ticket_id, portfolio_id)^
-- A test ticket of a portfolio, with who recorded it, when, and what they sent.
select ticket.created_at, confirmation.person, confirmation.request, confirmation.created_at as confirmed_at
from desk.test_tickets as ticket
left join desk.test_confirmations as confirmation on confirmation.test_ticket_id = ticket.test_ticket_id
where ticket.test_ticket_id = :test_ticket_id and ticket.portfolio_id = :portfolio_id;

-- name: record_test_confirmation(request)$
-- Records a test ticket's line, once.
select desk.record_test_confirmation(:request);

-- name: recent_snapshots(portfolio_id)
-- The newest broker snapshots of a portfolio.
select snapshot_id, source, cash_gbp, positions_count, taken_at, person from desk.broker_snapshots
where portfolio_id = :portfolio_id order by snapshot_id desc limit 10;

-- name: snapshot(snapshot_id, portfolio_id)^
-- One broker snapshot of a portfolio, and the newest of it, which is the one a plan looks at.
select
    snapshot_id, source, taken_at, person,
    (
        select newest.snapshot_id from desk.broker_snapshots as newest
        where newest.portfolio_id = snapshot.portfolio_id
        order by newest.taken_at desc, newest.snapshot_id desc
        limit 1
    ) as newest_snapshot_id
from desk.broker_snapshots as snapshot
where snapshot_id = :snapshot_id and portfolio_id = :portfolio_id;

-- name: snapshot_compared(snapshot_id, portfolio_id)
-- A broker snapshot beside the books at its instant, cash first, as the next plan's gate will compare them.
select
    compared.subject, compared.subject = 'CASH' as is_cash, compared.is_known, compared.shown_value, compared.booked_value,
    compared.tolerance_value,
    coalesce(abs(compared.shown_value - compared.booked_value) <= compared.tolerance_value, false) as is_tolerated
from desk.broker_snapshots as snapshot
cross join lateral desk.snapshot_compared(
    snapshot.snapshot_id,
    desk.now(),
    (select policy_hash from desk.config_policy where is_active),
    (select universe_hash from desk.universe_versions where is_active)
) as compared
where snapshot.snapshot_id = :snapshot_id and snapshot.portfolio_id = :portfolio_id
order by compared.subject <> 'CASH', compared.subject;

-- name: is_recorded(key)$
-- Whether a form with this key is recorded already.
select exists (select from desk.recorded_requests where idempotency_key = :key);

-- name: entry_totals(portfolio_id, at)
-- What the entries of up to an instant add up to: units and cash per symbol, and cash alone where no symbol is.
select internal_symbol, sum(units_delta) as units, sum(cash_delta_gbp) as cash_gbp
from desk.entries
where portfolio_id = :portfolio_id and happened_at <= :at
group by internal_symbol
order by internal_symbol;

-- name: instrument_names()
-- What people may call each instrument of the universe.
select universe.internal_symbol, universe.vendor_symbol, universe.etoro_search_name
from desk.config_universe as universe
inner join desk.universe_versions as version on version.universe_hash = universe.universe_hash
where version.is_active
order by universe.internal_symbol;

-- name: recent_cash_movements(portfolio_id)
-- The newest cash movements of a portfolio, with what each takes back and what takes it back.
select
    movement.movement_id, movement.kind, movement.amount_gbp, movement.occurred_at, movement.person,
    movement.notes, movement.reverses_movement_id, reversal.movement_id as reversed_by_id
from desk.ledger_cash_movements as movement
left join desk.ledger_cash_movements as reversal on reversal.reverses_movement_id = movement.movement_id
where movement.portfolio_id = :portfolio_id order by movement.movement_id desc limit 20;

-- name: drift_hypotheses(portfolio_id)
-- What may explain each difference between the newest snapshot and the books, and which form books it.
select snapshot_id, subject, shown_value, booked_value, hypothesis, words, form, fields
from desk.drift_hypotheses(:portfolio_id);

-- name: expected_dividends(portfolio_id)
-- The dividends of the last year that are not booked, the oldest first.
select symbol, ex_date, units, gross_usd, gross_gbp, is_overdue
from desk.expected_dividends(:portfolio_id)
where booked_event_id is null
order by ex_date, symbol;

-- name: recent_events(portfolio_id)
-- The legs of the newest events of a portfolio and of all that wait, with what each takes back and what takes it back.
with events as (
    select
        event.*, state.sign, state.reversed_by_id, state.reversal_counts_from_at is not null as is_taken_back,
        event.persons_min = 2 and state.counts_from_at is null and state.reversed_by_id is null as is_waiting
    from desk.ledger_events as event
    inner join desk.signed_events as state on state.event_id = event.event_id
    where event.portfolio_id = :portfolio_id
),

recent as (
    select *, row_number() over (order by event_id desc) as place from events
)

select
    recent.event_id, recent.kind, recent.happened_at, recent.person, recent.notes, recent.document,
    recent.reverses_event_id, recent.reversed_by_id, recent.is_waiting, recent.is_taken_back,
    leg.internal_symbol, recent.sign * leg.units_delta as units_delta, recent.sign * leg.cash_gbp as cash_gbp,
    leg.withheld_gbp
from recent
inner join desk.ledger_event_legs as leg on leg.event_id = coalesce(recent.reverses_event_id, recent.event_id)
where recent.place <= 20 or recent.is_waiting
order by recent.event_id desc, leg.leg_number;

-- name: account_lots(portfolio_id, at)
-- The lots of a book as they were known at an instant: each part that was closed, the newest first, and what is left.
select
    internal_symbol, lot_number, opened_at, closed_at, closed_as, units, cost_gbp, fee_gbp, proceeds_gbp,
    proceeds_gbp - cost_gbp - fee_gbp as gain_gbp
from desk.lots_known(:portfolio_id, :at, :at)
order by closed_at desc nulls first, internal_symbol, slice_number;

-- name: account_entries(portfolio_id, at)
-- The entries of a book as they were known at an instant, the newest first.
select kind, internal_symbol, happened_at, units_delta, cash_delta_gbp, is_taken_back
from desk.entries_known(:portfolio_id, :at, :at)
order by happened_at desc, entry_id desc, internal_symbol;

-- name: drawdown_to_review(portfolio_id)^
-- The drawdown of the newest plan, when it is beyond its limit and nobody has reviewed it.
select as_of_date, drawdown_ratio, limit_ratio from desk.newest_drawdown(:portfolio_id)
where nothing_to_review_because is null;

-- name: recent_halts()
-- The newest halts and releases.
select kind, reason, person, created_at from desk.halts order by halt_id desc limit 10;

-- name: note_access(person, action, subject, detail)$
-- Notes a refused form.
select desk.note_access(:person, :action, :subject, :detail::jsonb);

-- name: schema_revision()$
-- The newest migration the database has seen.
select version_num from public.alembic_version;
