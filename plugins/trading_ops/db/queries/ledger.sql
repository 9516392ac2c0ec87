-- name: drift_beyond_tolerance(run_id)
-- Where ledger and broker differ by more than is tolerated.
select snapshot_id, subject, coalesce(ledger_value, 0) as expected_value, coalesce(snapshot_value, 0) as observed_value
from marts.drift
where run_id = :run_id and (is_within_tolerance is not true or is_known is not true);

-- name: open_drift_case(snapshot_id, subject, expected_value, observed_value)^
-- Opens a case once per snapshot and subject; returns it when it is new.
insert into desk.drift_cases (snapshot_id, subject, expected_value, observed_value)
values (:snapshot_id, :subject, :expected_value, :observed_value)
on conflict (snapshot_id, subject) do nothing
returning subject, snapshot_id, expected_value, observed_value;

-- name: likeliest_causes(portfolio_id)
-- What most likely explains each difference between the newest snapshot and the books.
select distinct on (subject) subject, words
from desk.drift_hypotheses(:portfolio_id)
where words is not null
order by subject, likelihood desc, hypothesis;

-- name: overdue_dividends(portfolio_id)
-- Dividends that are to have come more than 45 days ago and are not booked.
select symbol, ex_date, gross_gbp
from desk.expected_dividends(:portfolio_id)
where is_overdue
order by ex_date, symbol;

-- name: splits_found(run_id)
-- What a run's prices say of the splits of its book.
select internal_symbol as symbol, ex_date, belief, new_shares, old_shares, reason
from marts.splits_found
where run_id = :run_id;

-- name: keep_fill_finding(run_id, fill_id, low_usd, high_usd, expected_value_gbp, is_price_in_range, is_in_session, is_in_window, is_value_plausible)*!
-- Keeps what a run found of a fill, unless its newest finding says the same.
insert into desk.fill_findings (
    run_id, fill_id, low_usd, high_usd, expected_value_gbp, is_price_in_range, is_in_session, is_in_window,
    is_value_plausible
)
select
    :run_id, :fill_id, :low_usd, :high_usd, :expected_value_gbp, :is_price_in_range, :is_in_session, :is_in_window,
    :is_value_plausible
where not exists (
    select from (
        select * from desk.fill_findings where fill_id = :fill_id order by finding_id desc limit 1
    ) as newest
    where (
        newest.low_usd, newest.high_usd, newest.expected_value_gbp, newest.is_price_in_range, newest.is_in_session,
        newest.is_in_window, newest.is_value_plausible
    ) is not distinct from (
        :low_usd, :high_usd, :expected_value_gbp, :is_price_in_range, :is_in_session, :is_in_window, :is_value_plausible
    )
)
on conflict (run_id, fill_id) do nothing;

-- name: believe_splits(run_id, said)
-- Takes what a run found of splits, and returns what is new of it.
select portfolio_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason
from desk.believe_splits(:run_id, :said)
order by internal_symbol, ex_date;

-- name: splits(portfolio_id)
-- What was last said of each split of a book's holdings, the newest first.
select internal_symbol, ex_date, belief, new_shares, old_shares, reason
from (
    select distinct on (internal_symbol, ex_date) *
    from desk.split_findings
    where portfolio_id = :portfolio_id
    order by internal_symbol, ex_date, person is null, finding_id desc
) as said
order by ex_date desc, internal_symbol;

-- name: settle_split(request)$
-- An operator's word on a split of a holding.
select desk.settle_split(:request);

-- name: portfolio_kind(portfolio_id)$
-- What a portfolio is kept for; null when it does not exist.
select kind from desk.portfolios where portfolio_id = :portfolio_id;

-- name: lock_portfolio(portfolio_id)$
-- One creator of a portfolio at a time.
select pg_advisory_xact_lock(hashtext('trading_ops.portfolio'), hashtext(:portfolio_id));

-- name: insert_portfolio(portfolio_id, kind)!
-- A new, empty portfolio.
insert into desk.portfolios (portfolio_id, kind, base_currency) values (:portfolio_id, :kind, 'GBP');

-- name: record_cash_movement(request)$
-- Books money that moved without a trade; the same key and body again gives the same id.
select desk.record_cash_movement(:request);

-- name: reverse_cash_movement(request)$
-- Takes a cash movement back, once; the same key and body again gives the same id.
select desk.reverse_cash_movement(:request);

-- name: record_opening(request)$
-- Records what a book begins with, cash and stocks; the same key and body again gives the same id.
select desk.record_opening(:request);

-- name: reverse_opening(request)$
-- Takes the opening of a book back whole; the same key and body again gives the same id.
select desk.reverse_opening(:request);

-- name: record_event(request)$
-- Books what happened beside ticket lines; the same key and body again gives the same id.
select desk.record_event(:request);

-- name: approve_event(request)$
-- The second operator's word for an event.
select desk.approve_event(:request);

-- name: reverse_event(request)$
-- Takes an event back whole; the same key and body again gives the same id.
select desk.reverse_event(:request);

-- name: openings(portfolio_id)
-- What a book began with, the newest set first, with what was taken back.
select
    opening.opening_id, opening.opened_at, opening.person, opening.recorded_at, opening.reverses_opening_id,
    opening.notes, coalesce(movement.amount_gbp, 0) as cash_gbp
from desk.openings as opening
left join desk.ledger_cash_movements as movement on movement.movement_id = opening.cash_movement_id
where opening.portfolio_id = :portfolio_id
order by opening.opening_id desc;

-- name: opening_positions(opening_id)
-- The stocks of an opening.
select internal_symbol as symbol, units, cost_gbp, held_since_date as held_since
from desk.opening_positions
where opening_id = :opening_id
order by internal_symbol;

-- name: record_snapshot(request)$
-- Records what the broker shows; the same key and body again gives the same id.
select desk.record_snapshot(:request);
