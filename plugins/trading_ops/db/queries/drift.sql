-- name: executions_of_run(run_id)
-- Intended against executed, line by line, the newest ticket first.
select
    ticket_id, line_number, side, internal_symbol, status, intended_value_gbp, executed_value_gbp,
    average_price_usd, reference_price_usd, slippage_ratio, is_price_within_bar
from marts.intended_vs_executed
where run_id = :run_id
order by ticket_id desc, line_number;

-- name: open_drift_cases(run_id)
-- Opens a case per drift beyond tolerance, once per snapshot and subject; returns the new ones.
insert into desk.drift_cases (snapshot_id, subject, expected_value, observed_value)
select snapshot_id, subject, coalesce(ledger_value, 0), coalesce(snapshot_value, 0)
from marts.drift
where run_id = :run_id and (is_within_tolerance is not true or is_known is not true)
on conflict (snapshot_id, subject) do nothing
returning subject, snapshot_id, expected_value, observed_value;
