-- One way to break each identity of the marts, on the small desk. The line above a statement names the data test
-- that must see it and the identity it must name.

-- assert_published_prices_are_whole: a symbol has the sessions of its candidate
delete from marts.market_prices_eod where internal_symbol = 'ALDR' and session_date = '2026-06-11';

-- assert_published_prices_are_whole: a symbol has the closes of its candidate
update marts.market_prices_eod set adj_close_usd = adj_close_usd + 0.01 where internal_symbol = 'ALDR';

-- assert_published_prices_are_whole: a symbol belongs to the universe
update marts.market_prices_eod set internal_symbol = 'GONE' where internal_symbol = 'ALDR';

-- assert_published_prices_are_whole: nothing is older than what can be compared
insert into intermediate.int_market__history_cuts (run_id, internal_symbol, cut_date)
select run_id, internal_symbol, as_of_date from marts.reference_prices;

-- assert_published_prices_are_whole: adjusted is as traded times the factor
update marts.market_prices_eod set total_return_factor = 0.99 where internal_symbol = 'ALDR';

-- assert_splits_follow_from_their_reports: a believed split is one that no doubt was found of
insert into marts.splits_found (run_id, internal_symbol, ex_date, belief, new_shares, old_shares, reason)
values ('r', 'ALDR', '2026-06-12', 'believed', 2, 1, 'r');

-- assert_splits_follow_from_their_reports: a split is told once
insert into marts.splits_found (run_id, internal_symbol, ex_date, belief, reason)
values ('r', 'ALDR', '2026-06-12', 'doubted', 'r'), ('r', 'ALDR', '2026-06-11', 'doubted', 'r');

-- assert_prices_of_the_run_agree: the newest price is of the vendor it says
update marts.price_publications set source = 'other' where internal_symbol = 'ALDR';

-- assert_prices_of_the_run_agree: no price is newer than the run
update marts.price_publications set as_of_date = '2026-06-11' where internal_symbol = 'ALDR';

-- assert_prices_of_the_run_agree: the state is that of the run
update marts.price_publications set run_id = 'other' where internal_symbol = 'ALDR';

-- assert_prices_of_the_run_agree: an order is sized at the published close
update marts.reference_prices set close_usd = close_usd + 0.01 where internal_symbol = 'ALDR';

-- assert_prices_of_the_run_agree: an order is sized at the published close
delete from marts.market_prices_eod where internal_symbol = 'ALDR';

-- assert_prices_of_the_run_agree: what is covered has a price
update marts.price_coverage set covered_count = 1;

-- assert_prices_of_the_run_agree: what is not covered is named
update marts.price_coverage set missing_symbols = 'ALDR';

-- assert_prices_of_the_run_agree: coverage is the share of what is covered
update marts.price_coverage set coverage_ratio = 0.5;

-- assert_prices_of_the_run_agree: orders and book use one exchange rate
update marts.fx_latest set gbpusd_rate = 1.26;

-- assert_the_book_adds_up: cash is the sum of the entries
update marts.ledger_cash set cash_gbp = cash_gbp + 0.01;

-- assert_the_book_adds_up: units are the sum of the entries
insert into marts.ledger_positions (run_id, portfolio_id, internal_symbol, units, value_gbp)
select run_id, portfolio_id, 'ALDR', 1, 81.60 from marts.ledger_cash;

-- assert_the_book_adds_up: positions are worth what the day's holdings are
insert into marts.ledger_positions (run_id, portfolio_id, internal_symbol, units, value_gbp)
select run_id, portfolio_id, 'ALDR', 1, 81.60 from marts.ledger_cash;

-- assert_the_book_adds_up: positions are worth what the day's holdings are
insert into marts.ledger_positions (run_id, portfolio_id, internal_symbol, units, value_gbp)
select run_id, portfolio_id, 'ALDR', 1, null from marts.ledger_cash;

-- assert_the_book_adds_up: cash of the day is the cash
update marts.equity_daily set cash_gbp = 999.99 where session_date = '2026-06-12';

-- assert_the_book_adds_up: cash moves by the entries of the day
update marts.equity_daily set cash_gbp = 999.99 where session_date = '2026-06-11';

-- assert_the_book_adds_up: holdings are the sum of their values
update marts.equity_daily set positions_value_gbp = 5 where session_date = '2026-06-11';

-- assert_the_book_adds_up: equity is cash and holdings
update marts.equity_daily set equity_gbp = 1000.01 where session_date = '2026-06-11';

-- assert_the_book_adds_up: equity is cash and holdings
update marts.equity_daily set equity_gbp = null where session_date = '2026-06-11';

-- assert_the_book_adds_up: the index grows by the return
update marts.equity_daily set return_ratio = 0.01 where session_date = '2026-06-11';

-- assert_the_book_adds_up: drawdown is the loss since the peak
update marts.equity_daily set drawdown_ratio = 0.01 where session_date = '2026-06-11';

-- assert_the_book_adds_up: an unreviewed drawdown is the loss since its peak
update marts.drawdown_daily set unreviewed_drawdown_ratio = 0.01 where session_date = '2026-06-11';

-- assert_drift_says_what_both_sides_say: drift is snapshot less ledger
update marts.drift set drift_value = 0.01;

-- assert_drift_says_what_both_sides_say: within tolerance is a known drift no larger than it
update marts.drift set snapshot_value = 1099, drift_value = 99;

-- assert_drift_says_what_both_sides_say: within tolerance is a known drift no larger than it
update marts.drift set tolerance_value = null;

-- assert_drift_says_what_both_sides_say: within tolerance is a known drift no larger than it
update marts.drift set is_known = false;

-- assert_drift_says_what_both_sides_say: the broker's cash is the snapshot's
update marts.drift set snapshot_value = 999.99, drift_value = -0.01;

-- assert_drift_says_what_both_sides_say: the ledger's cash is the sum of the entries
update marts.drift set ledger_value = 999.99, drift_value = 0.01;

-- assert_drift_says_what_both_sides_say: the ledger's cash is the sum of the entries
delete from marts.drift;

-- assert_drift_says_what_both_sides_say: the ledger's units are the sum of the entries
insert into marts.drift (
    run_id, snapshot_id, subject, ledger_value, snapshot_value, drift_value, tolerance_value,
    is_within_tolerance, is_known
)
select run_id, snapshot_id, 'ALDR', 1, 0, -1, 2, true, true from marts.drift;

-- assert_drift_says_what_both_sides_say: the broker's units are all there
insert into marts.drift (
    run_id, snapshot_id, subject, ledger_value, snapshot_value, drift_value, tolerance_value,
    is_within_tolerance, is_known
)
select run_id, snapshot_id, 'ALDR', 0, 1, 1, 2, true, true from marts.drift;

-- assert_executions_are_the_fills: every line of a ticket is there
insert into marts.intended_vs_executed (
    run_id, ticket_id, line_number, internal_symbol, side, status, intended_value_gbp, executed_value_gbp,
    executed_units, reference_price_usd
)
values ('r', 't', 1, 'ALDR', 'BUY', 'SKIPPED', 100, 0, 0, 100);

-- assert_executions_are_the_fills: units are those of the fills
insert into marts.intended_vs_executed (
    run_id, ticket_id, line_number, internal_symbol, side, status, intended_value_gbp, executed_value_gbp,
    executed_units, reference_price_usd
)
values ('r', 't', 1, 'ALDR', 'BUY', 'DONE', 100, 0, 1, 100);

-- assert_executions_are_the_fills: value is that of the fills
insert into marts.intended_vs_executed (
    run_id, ticket_id, line_number, internal_symbol, side, status, intended_value_gbp, executed_value_gbp,
    executed_units, reference_price_usd
)
values ('r', 't', 1, 'ALDR', 'BUY', 'DONE', 100, 100, 0, 100);

-- assert_executions_are_the_fills: a line is executed when it is done, in part or in whole
insert into marts.intended_vs_executed (
    run_id, ticket_id, line_number, internal_symbol, side, status, intended_value_gbp, executed_value_gbp,
    executed_units, reference_price_usd
)
values ('r', 't', 1, 'ALDR', 'BUY', 'FAILED', 100, 100, 1, 100);

-- assert_executions_are_the_fills: slippage is how much worse the price was
insert into marts.intended_vs_executed (
    run_id, ticket_id, line_number, internal_symbol, side, status, intended_value_gbp, executed_value_gbp,
    executed_units, average_price_usd, reference_price_usd, slippage_ratio
)
values ('r', 't', 1, 'ALDR', 'SELL', 'DONE', 100, 100, 1, 110, 100, 0.1);

-- assert_findings_follow_from_their_figures: every fill that counts is there
insert into marts.fill_findings (
    run_id, fill_id, ticket_id, line_number, internal_symbol, executed_at, units, price_usd, value_gbp, low_usd, high_usd,
    gbpusd_rate, expected_value_gbp, is_price_in_range, is_in_session, is_in_window
)
values ('r', 1, 't', 1, 'ALDR', now(), 10, 10, 80, 9, 11, 1.25, 80.00, true, true, true);

-- assert_findings_follow_from_their_figures: a price is in range between low and high
insert into marts.fill_findings (
    run_id, fill_id, ticket_id, line_number, internal_symbol, executed_at, units, price_usd, value_gbp, low_usd, high_usd,
    gbpusd_rate, expected_value_gbp, is_price_in_range, is_in_session, is_in_window
)
values ('r', 1, 't', 1, 'ALDR', now(), 10, 10, 80, 9, 11, 1.25, 80.00, false, true, true);

-- assert_findings_follow_from_their_figures: what is expected is the shares at their price and the rate of the day
insert into marts.fill_findings (
    run_id, fill_id, ticket_id, line_number, internal_symbol, executed_at, units, price_usd, value_gbp, low_usd, high_usd,
    gbpusd_rate, expected_value_gbp, is_price_in_range, is_in_session, is_in_window
)
values ('r', 1, 't', 1, 'ALDR', now(), 10, 10, 80, 9, 11, 1.25, 81.00, true, true, true);

-- assert_rankings_follow_from_their_scores: the best score is first
insert into marts.signals_realised (
    run_id, ranking_run_id, method, internal_symbol, as_of_date, is_traded_on, signal_rank, score
)
values
    ('r', 'w', 'qlib', 'ALDR', '2026-06-10', true, 1, 0.1),
    ('r', 'w', 'qlib', 'BRCH', '2026-06-10', true, 2, 0.2);

-- assert_rankings_follow_from_their_scores: a hit is known when the return is
insert into marts.signals_realised (
    run_id, ranking_run_id, method, internal_symbol, as_of_date, is_traded_on, signal_rank, score, return_ratio
)
values ('r', 'w', 'qlib', 'ALDR', '2026-06-10', true, 1, 0.1, 0.02);

-- assert_rankings_follow_from_their_scores: the return lies after the decision
insert into marts.signals_realised (
    run_id, ranking_run_id, method, internal_symbol, as_of_date, is_traded_on, signal_rank, score, entry_date
)
values ('r', 'w', 'qlib', 'ALDR', '2026-06-10', true, 1, 0.1, '2026-06-10');

-- assert_rankings_follow_from_their_scores: every symbol of a ranking is counted
insert into marts.signals_realised (
    run_id, ranking_run_id, method, internal_symbol, as_of_date, is_traded_on, signal_rank, score
)
values ('r', 'w', 'qlib', 'ALDR', '2026-06-10', true, 1, 0.1);

-- assert_rankings_follow_from_their_scores: every return of a ranking is counted
insert into marts.signals_compared (
    run_id, ranking_run_id, method, as_of_date, is_traded_on, ranked_count, ranked_by_both_count,
    same_top_count, realised_count
)
values ('r', 'w', 'qlib', '2026-06-10', true, 1, 1, 1, 1);

-- assert_rankings_follow_from_their_scores: the mean return is that of its symbols
insert into marts.signals_compared (
    run_id, ranking_run_id, method, as_of_date, is_traded_on, ranked_count, ranked_by_both_count,
    same_top_count, realised_count, return_ratio
)
values ('r', 'w', 'qlib', '2026-06-10', true, 1, 1, 1, 1, 0.02);

-- assert_rankings_follow_from_their_scores: the ranking traded on has all of its symbols
insert into marts.signals_compared (
    run_id, ranking_run_id, method, as_of_date, is_traded_on, ranked_count, ranked_by_both_count,
    same_top_count, realised_count
)
values ('r', 'w', 'qlib', '2026-06-10', true, 2, 1, 1, 0);

-- assert_rankings_follow_from_their_scores: the ranking traded on agrees with itself
insert into marts.signals_compared (
    run_id, ranking_run_id, method, as_of_date, is_traded_on, ranked_count, ranked_by_both_count,
    same_top_count, rank_correlation, realised_count
)
values ('r', 'w', 'qlib', '2026-06-10', true, 2, 2, 2, 0.5, 0);

-- assert_rankings_follow_from_their_scores: a run is traded on one ranking
insert into marts.signals_realised (
    run_id, ranking_run_id, method, internal_symbol, as_of_date, is_traded_on, signal_rank, score
)
values
    ('r', 'w', 'qlib', 'ALDR', '2026-06-10', true, 1, 0.1),
    ('r', 'w', 'static_list', 'ALDR', '2026-06-10', true, 1, 1);

-- assert_momentum_is_a_return_of_published_prices: momentum is a return of the published prices
insert into marts.signals_momentum (run_id, internal_symbol, score)
select run_id, internal_symbol, 0.5 from marts.price_publications;

-- assert_gains_add_up: units of the lots are the units held
insert into marts.lots (run_id, portfolio_id, lot_number, internal_symbol, opened_at, opened_by, units, cost_gbp, fee_gbp)
select run_id, portfolio_id, 1, 'ALDR', now(), 'fill/1', 1, 80, 0 from marts.ledger_cash;

-- assert_gains_add_up: values of the lots are the value held
insert into marts.lots (
    run_id, portfolio_id, lot_number, internal_symbol, opened_at, opened_by, units, cost_gbp, fee_gbp, value_gbp
)
select run_id, portfolio_id, 1, 'ALDR', now(), 'fill/1', 1, 80, 0, 81.60 from marts.ledger_cash;

-- assert_gains_add_up: a lot's gain is price and rate
insert into marts.lots (
    run_id, portfolio_id, lot_number, internal_symbol, opened_at, opened_by, units, cost_gbp, fee_gbp, gain_gbp,
    price_gain_gbp, fx_gain_gbp
)
select run_id, portfolio_id, 1, 'ALDR', now(), 'fill/1', 1, 80, 0, 1.60, 1, 0.61 from marts.ledger_cash;

-- assert_gains_add_up: a realised gain is proceeds less cost and fees
insert into marts.realised_gains (
    run_id, portfolio_id, slice_number, internal_symbol, closed_at, closed_as, closed_by, units, cost_gbp, proceeds_gbp,
    fee_gbp, gain_gbp
)
select run_id, portfolio_id, 1, 'ALDR', now(), 'fill', 'fill/1', 1, 80, 81.60, 1, 1.60 from marts.ledger_cash;

-- assert_gains_add_up: a realised gain is price, rate and fees
insert into marts.realised_gains (
    run_id, portfolio_id, slice_number, internal_symbol, closed_at, closed_as, closed_by, units, cost_gbp, proceeds_gbp,
    fee_gbp, gain_gbp, price_gain_gbp, fx_gain_gbp
)
select run_id, portfolio_id, 1, 'ALDR', now(), 'fill', 'fill/1', 1, 80, 81.60, 1, 0.60, 1, 0.61 from marts.ledger_cash;

-- assert_gains_add_up: what was paid in and gained is the equity
update marts.gains set paid_in_gbp = paid_in_gbp + 0.01;

-- assert_gains_add_up: the whole return is what the index grew by
update marts.returns set time_weighted_ratio = 0.01 where span = 'all';
