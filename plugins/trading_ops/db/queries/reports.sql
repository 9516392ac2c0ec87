-- name: run(run_id)^
-- The run a report is about, with its portfolio's kind and what the desk is doing now.
select
    run.run_id, run.portfolio_id, run.as_of_date, run.git_commit, run.config_hash, run.frozen_at,
    portfolio.kind as portfolio_kind, instance.environment, desk.is_halted() as is_halted,
    coalesce(
        (
            select format(
                '%%s, %%s days ago', to_char(max(taken_at) at time zone 'Europe/London', 'FMDD Mon YYYY'),
                (desk.now() at time zone 'Europe/London')::date - (max(taken_at) at time zone 'Europe/London')::date
            )
            from desk.broker_snapshots as snapshot
            where snapshot.portfolio_id = run.portfolio_id
            having count(*) > 0
        ),
        'never'
    ) as account_read
from desk.runs as run
inner join desk.portfolios as portfolio on portfolio.portfolio_id = run.portfolio_id
cross join desk.instance
where run.run_id = :run_id;

-- name: equity(run_id)^
-- The book at its newest valued session, and what the run's policy lets it lose.
select
    equity.session_date, equity.cash_gbp, equity.positions_value_gbp, equity.equity_gbp, equity.return_ratio,
    equity.growth_index, equity.drawdown_ratio, fallen.counted_from_date, fallen.unreviewed_drawdown_ratio,
    allowed.drawdown_ratio_max, allowed.daily_loss_ratio_max
from marts.equity_daily as equity
inner join lateral (
    select
        max(limits.limit_value) filter (where limits.limit_name = 'risk.drawdown_ratio_max') as drawdown_ratio_max,
        max(limits.limit_value) filter (where limits.limit_name = 'risk.daily_loss_ratio_max') as daily_loss_ratio_max
    from desk.runs as run
    inner join desk.policy_limits as limits on limits.policy_hash = run.policy_hash
    where run.run_id = equity.run_id
) as allowed on true
left join marts.drawdown_daily as fallen
    on fallen.run_id = equity.run_id
    and fallen.portfolio_id = equity.portfolio_id
    and fallen.session_date = equity.session_date
where equity.run_id = :run_id
order by equity.session_date desc
limit 1;

-- name: gains(run_id)^
-- What the book gained since it began and what of, and its returns beside the benchmark's.
select
    gains.paid_in_gbp, gains.gain_gbp, gains.realised_gbp, gains.unrealised_gbp, gains.dividends_gbp,
    gains.interest_gbp, gains.fees_gbp, gains.other_gbp, gains.price_gbp, gains.fx_gbp,
    returns.time_weighted_ratio, returns.money_weighted_annual_ratio, returns.benchmark_ratio
from marts.gains as gains
left join marts.returns as returns
    on returns.run_id = gains.run_id
    and returns.portfolio_id = gains.portfolio_id
    and returns.span = 'all'
where gains.run_id = :run_id;

-- name: positions(run_id)
-- What the book holds, the largest first, with its share of the newest equity.
select
    position.internal_symbol, position.units, position.close_usd, position.value_gbp,
    position.value_gbp / nullif(equity.equity_gbp, 0) as weight_ratio
from marts.ledger_positions as position
left join lateral (
    select equity_gbp from marts.equity_daily where run_id = position.run_id order by session_date desc limit 1
) as equity on true
where position.run_id = :run_id
order by position.value_gbp desc nulls last, position.internal_symbol;

-- name: coverage(run_id)^
-- How much of the universe has a bar for the run's session.
select enabled_count, covered_count, coverage_ratio, missing_symbols, is_benchmark_present
from marts.price_coverage
where run_id = :run_id;

-- name: newest_plan(portfolio_id)^
-- The portfolio's newest plan and why it does not trade, as its ticket says, or its decision before there is one.
select
    run.run_id, run.plan_week, run.as_of_date, coalesce(ticket.reasons, decision.reasons, '[]') as reasons
from desk.runs as run
left join desk.decisions as decision on decision.run_id = run.run_id
left join desk.tickets as ticket on ticket.run_id = run.run_id
inner join desk.plan_order as plan on plan.run_id = run.run_id
where run.portfolio_id = :portfolio_id
order by plan.place_number desc
limit 1;

-- name: gates(run_id)
-- Every gate of a plan run; a gate never judged is MISSING.
select required.gate, coalesce(result.status, 'MISSING') as status
from (
    select gate, array_position(array['data_quality', 'confirmation', 'reconciliation', 'risk'], gate) as place
    from desk.required_checks
    group by gate
) as required
left join desk.gate_results as result on result.run_id = :run_id and result.gate = required.gate
order by required.place;

-- name: ticket(portfolio_id)^
-- The ticket of the portfolio's newest plan and how its lines ended so far.
select
    ticket.ticket_id, ticket.kind, ticket.issued_at, ticket.deadline_at,
    (select count(*) from desk.ticket_lines as line where line.ticket_id = ticket.ticket_id) as lines_count,
    (
        select count(distinct confirmation.line_number)
        from desk.confirmations as confirmation
        where confirmation.ticket_id = ticket.ticket_id
    ) as confirmed_count
from desk.tickets as ticket
inner join desk.plan_order as plan on plan.run_id = ticket.run_id
where ticket.portfolio_id = :portfolio_id
order by plan.place_number desc
limit 1;

-- name: incidents(run_id)
-- What went wrong since the day before's run of the same portfolio, or in the last day when there is none: in its own
-- runs, and in what belongs to no run.
select incident.code, incident.detail, incident.created_at
from desk.runs as run
cross join lateral (
    select max(earlier.frozen_at) as frozen_at
    from desk.runs as earlier
    where earlier.portfolio_id = run.portfolio_id and earlier.kind = 'daily' and earlier.as_of_date < run.as_of_date
) as previous
inner join desk.incidents as incident
    on incident.created_at > coalesce(previous.frozen_at, run.frozen_at - interval '1 day')
left join desk.runs as broken on broken.run_id = incident.run_id
where run.run_id = :run_id and coalesce(broken.portfolio_id, run.portfolio_id) = run.portfolio_id
order by incident.incident_id;

-- name: number_of_report(dedupe_key, prefix)$
-- Which report of its portfolio one is, counted by the mails: the first is 1, and one written again keeps its number.
select 1 + count(*)
from desk.outbox as earlier
where starts_with(earlier.dedupe_key, :prefix)
    and not exists (
        select from desk.outbox as own where own.dedupe_key = :dedupe_key and own.mail_id <= earlier.mail_id
    );

-- name: tickets_executed(portfolio_id)
-- The TRADE tickets whose last line was confirmed, or corrected, within a week, the oldest first.
select
    ticket.ticket_id, ticket.plan_week, ticket.window_open_at, portfolio.kind as portfolio_kind, instance.environment
from desk.tickets as ticket
inner join desk.portfolios as portfolio on portfolio.portfolio_id = ticket.portfolio_id
cross join desk.instance
inner join lateral (
    select max(confirmation.recorded_at) as confirmed_at, count(distinct confirmation.line_number) as lines_count
    from desk.confirmations as confirmation
    where confirmation.ticket_id = ticket.ticket_id
) as confirmed on true
where ticket.portfolio_id = :portfolio_id
    and ticket.kind = 'TRADE'
    and confirmed.confirmed_at > desk.now() - interval '7 days'
    and confirmed.lines_count = (select count(*) from desk.ticket_lines as line where line.ticket_id = ticket.ticket_id)
order by ticket.issued_at, ticket.ticket_id;

-- name: fills_checked(run_id)
-- What a run found of each fill whose session's bar it knows.
select
    fill_id, low_usd, high_usd, expected_value_gbp, is_price_in_range, is_in_session, is_in_window, is_value_plausible
from marts.fill_findings
where run_id = :run_id and is_price_in_range is not null
order by fill_id;

-- name: recent_splits(run_id)
-- What was said of splits of the book's holdings in the week before the report of a run.
select finding.internal_symbol, finding.ex_date, finding.belief, finding.new_shares, finding.old_shares, finding.reason
from desk.runs as run
inner join desk.split_findings as finding on finding.portfolio_id = run.portfolio_id
where run.run_id = :run_id and finding.created_at > desk.now() - interval '7 days'
order by finding.finding_id;

-- name: recent_fills(run_id)
-- The fills of the week before a run beside the market of their day.
select
    finding.ticket_id, finding.line_number, finding.internal_symbol, finding.executed_at, finding.units,
    finding.price_usd, finding.value_gbp, finding.low_usd, finding.high_usd, finding.expected_value_gbp,
    finding.is_price_in_range, finding.is_in_session, finding.is_in_window, finding.is_value_plausible
from marts.fill_findings as finding
inner join desk.runs as run on run.run_id = finding.run_id
where finding.run_id = :run_id and finding.executed_at > run.frozen_at - interval '7 days'
order by finding.ticket_id, finding.line_number, finding.fill_id;
