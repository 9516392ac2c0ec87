-- name: lock_ledger(portfolio_id)$
-- One poster of corporate actions per portfolio at a time.
select pg_advisory_xact_lock(hashtext('trading_ops.ledger'), hashtext(:portfolio_id));

-- name: splits_known(run_id)
-- Splits the run knows of, newest version per source, for symbols its portfolio ever traded.
select distinct on (universe.internal_symbol, action.source, action.ex_date)
    universe.internal_symbol, action.source, action.ex_date, action.value as split_ratio
from desk.runs as run
inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
inner join raw.corporate_actions as action
    on action.kind = 'split'
    and action.load_id <= run.data_snapshot_id
    and action.ex_date <= run.as_of_date
    and action.vendor_symbol = case action.source
        when 'stooq' then universe.stooq_symbol
        when 'yahoo' then universe.yahoo_symbol
        else universe.vendor_symbol
    end
where run.run_id = :run_id
    and exists (
        select from desk.ledger_trades_fills as fill
        where fill.portfolio_id = run.portfolio_id and fill.internal_symbol = universe.internal_symbol
    )
order by universe.internal_symbol, action.source, action.ex_date, action.load_id desc;

-- name: splits_posted(portfolio_id)
-- Splits that are in the ledger already.
select internal_symbol, ex_date, split_ratio, units_delta
from desk.ledger_corporate_actions
where portfolio_id = :portfolio_id;

-- name: traded_units(portfolio_id)
-- Signed units of every fill; a reversal takes its fill back at the fill's own time.
select internal_symbol, executed_at, sign * units as units_delta
from desk.signed_fills
where portfolio_id = :portfolio_id;

-- name: insert_split*!
-- What a split added to or took from a holding.
insert into desk.ledger_corporate_actions (
    portfolio_id, internal_symbol, ex_date, split_ratio, units_delta, run_id
) values (:portfolio_id, :internal_symbol, :ex_date, :split_ratio, :units_delta, :run_id);
