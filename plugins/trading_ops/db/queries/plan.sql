-- name: lock_plan(run_id)$
-- One writer of a run's plan at a time.
select pg_advisory_xact_lock(hashtext('trading_ops.plan'), hashtext(:run_id));

-- name: scores(run_id)
-- Momentum scores of the symbols the run's universe knows.
select signal.internal_symbol, signal.score
from marts.signals_momentum as signal
inner join desk.runs as run on run.run_id = signal.run_id
inner join desk.config_universe as universe
    on universe.universe_hash = run.universe_hash and universe.internal_symbol = signal.internal_symbol
where signal.run_id = :run_id;

-- name: insert_ranked(run_id, method, internal_symbol, signal_rank, score)*!
-- The ranking of a run by its own method.
insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score)
values (:run_id, :method, :internal_symbol, :signal_rank, :score);

-- name: ranked(run_id)
-- The ranking a run trades on as stored, best first.
select signal.internal_symbol as symbol, signal.signal_rank as rank, signal.score
from desk.signals_ranked as signal
inner join desk.runs as run on run.run_id = signal.run_id and run.signal_method = signal.method
where signal.run_id = :run_id
order by signal.signal_rank;

-- name: instruments(run_id)
-- Every symbol of the run's universe, with its prices as of the run where it has them.
select
    universe.internal_symbol as symbol,
    universe.is_enabled,
    universe.is_tradable_underlying and coalesce(price.is_tradable, true) as is_tradable,
    price.close_usd,
    price.previous_close_usd,
    price.atr_14_usd
from desk.runs as run
inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
left join marts.reference_prices as price
    on price.run_id = run.run_id
    and price.as_of_date = run.as_of_date
    and price.internal_symbol = universe.internal_symbol
where run.run_id = :run_id;

-- name: holdings(run_id)
-- What the ledger holds and what it is worth.
select position.internal_symbol as symbol, position.units, position.value_gbp
from marts.ledger_positions as position
inner join desk.runs as run on run.run_id = position.run_id and run.portfolio_id = position.portfolio_id
where position.run_id = :run_id and position.units > 0;

-- name: cash(run_id)^
-- The ledger's cash, and what of it may be spent.
select cash.cash_gbp, cash.spendable_gbp
from marts.ledger_cash as cash
inner join desk.runs as run on run.run_id = cash.run_id and run.portfolio_id = cash.portfolio_id
where cash.run_id = :run_id;

-- name: rate(run_id)$
-- The newest GBP/USD rate the run knows.
select gbpusd_rate from marts.fx_latest where run_id = :run_id;

-- name: days(run_id)
-- The book's as-of session; no row when dbt could not value it.
select day.session_date, day.return_ratio, fallen.unreviewed_drawdown_ratio as drawdown_ratio
from marts.equity_daily as day
inner join marts.drawdown_daily as fallen
    on fallen.run_id = day.run_id
    and fallen.portfolio_id = day.portfolio_id
    and fallen.session_date = day.session_date
inner join desk.runs as run
    on run.run_id = day.run_id and run.portfolio_id = day.portfolio_id and run.as_of_date = day.session_date
where day.run_id = :run_id;

-- name: insert_targets*!
-- Where each symbol should stand and why.
insert into desk.portfolio_targets (
    run_id, internal_symbol, target_weight_ratio, target_value_gbp, held_units, held_value_gbp, binding_constraint
) values (
    :run_id, :internal_symbol, :target_weight_ratio, :target_value_gbp, :held_units, :held_value_gbp,
    :binding_constraint
);

-- name: insert_intended*!
-- The trades of a run.
insert into desk.ledger_trades_intended (
    run_id, line_number, internal_symbol, side, value_gbp, units_estimate, is_full_exit, reference_price_usd,
    price_limit_usd, gbpusd_rate
) values (
    :run_id, :line_number, :internal_symbol, :side, :value_gbp, :units_estimate, :is_full_exit,
    :reference_price_usd, :price_limit_usd, :gbpusd_rate
);

-- name: intended(run_id)
-- The trades of a run as stored, in line order.
select
    line_number, internal_symbol as symbol, side, value_gbp, units_estimate, is_full_exit, reference_price_usd,
    price_limit_usd, gbpusd_rate
from desk.ledger_trades_intended
where run_id = :run_id
order by line_number;

-- name: targets(run_id)
-- The targets of a run as stored.
select
    internal_symbol as symbol, target_weight_ratio as weight_ratio, target_value_gbp as value_gbp, held_units,
    held_value_gbp, binding_constraint
from desk.portfolio_targets
where run_id = :run_id
order by internal_symbol;

-- name: insert_risk_checks*!
-- What the riskguard found.
insert into desk.risk_checks (run_id, check_name, observed_value, limit_value, is_clear, reason, fix)
values (:run_id, :check_name, :observed_value, :limit_value, :is_clear, :reason, :fix);

-- name: risk_checks(run_id)
-- What the riskguard found, as stored.
select check_name, observed_value, limit_value, is_clear, reason, fix
from desk.risk_checks
where run_id = :run_id
order by check_name;

-- name: judge_gate(run_id, gate)$
-- Lets the database judge a gate of a run from its verdicts.
select desk.judge_gate(:run_id, :gate);

-- name: gate_results(run_id)
-- The gates of a run judged so far.
select gate, status, checks from desk.gate_results where run_id = :run_id;

-- name: search_names(run_id)
-- What to type into eToro's search box, per symbol of the run's universe.
select universe.internal_symbol, universe.etoro_search_name
from desk.runs as run
inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
where run.run_id = :run_id;

-- name: insert_decision(run_id, is_approved, reasons)!
-- The decision of a run, once.
insert into desk.decisions (run_id, is_approved, reasons) values (:run_id, :is_approved, :reasons);

-- name: decision(run_id)^
-- The decision of a run.
select is_approved, reasons from desk.decisions where run_id = :run_id;

-- name: away_on(day)$
-- Who is away when nobody is there to execute on a day; null while an executor is.
select desk.executor_away(:day);

-- name: executor_away(run_id)$
-- Who is away when a run's orders would be executed; null while an executor is there.
select desk.executor_away((window_open_at at time zone 'America/New_York')::date) from desk.runs where run_id = :run_id;
