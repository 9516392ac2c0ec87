-- Every number of raw and desk is of a domain that knows neither NaN nor Infinity: `check (x > 0)` holds for both, and
-- one of them in an entry is a balance for ever. NaN is above every number, so the upper limits keep it out.

create domain desk.figure as numeric check (value > -1e18 and value < 1e18);
comment on domain desk.figure is 'Any number that was measured or read, as it came.';
create domain desk.money as numeric check (value > -1e12 and value < 1e12 and value = round(value, 2));
comment on domain desk.money is 'An amount in pounds, in whole pence.';
create domain desk.units as numeric check (value > -1e12 and value < 1e12 and value = round(value, 8));
comment on domain desk.units is 'Shares, to the eighth decimal.';
create domain desk.price as numeric check (value > 0 and value < 1e9);
comment on domain desk.price is 'US dollars per unit.';
create domain desk.rate as numeric check (value > 0 and value < 1e6);
comment on domain desk.rate is 'What one unit of a currency costs in another.';
create domain desk.ratio as numeric check (value > -1e9 and value < 1e9);
comment on domain desk.ratio is 'One number divided by another; 0.05 is 5 %.';

-- What stands on the columns is made again below, as it was.
drop view inv.c1_units_never_negative, inv.c3_reversals_cancel, desk.positions_now, desk.signed_fills;

alter table raw.eod_bars
    alter column open_price type desk.figure,
    alter column high_price type desk.figure,
    alter column low_price type desk.figure,
    alter column close_price type desk.figure,
    alter column adj_close_price type desk.figure,
    alter column volume_units type desk.figure;
alter table raw.corporate_actions alter column value type desk.figure;
alter table raw.fx_rates alter column rate type desk.rate;
alter table raw.restatements alter column ratio type desk.ratio, alter column largest_ratio type desk.ratio;

alter table desk.policy_limits alter column limit_value type desk.figure;
alter table desk.signals_ranked
    alter column score type desk.figure, alter column prob type desk.ratio, alter column ev type desk.ratio;
alter table desk.portfolio_targets
    alter column target_weight_ratio type desk.ratio,
    alter column target_value_gbp type desk.figure,
    alter column held_units type desk.units,
    alter column held_value_gbp type desk.figure;
alter table desk.ledger_trades_intended
    alter column value_gbp type desk.money,
    alter column units_estimate type desk.units,
    alter column reference_price_usd type desk.price,
    alter column price_limit_usd type desk.price,
    alter column gbpusd_rate type desk.rate;
alter table desk.risk_checks alter column observed_value type desk.figure, alter column limit_value type desk.figure;
alter table desk.ledger_trades_fills
    alter column units type desk.units,
    alter column price_usd type desk.price,
    alter column value_gbp type desk.money,
    alter column fee_gbp type desk.money;
alter table desk.ledger_corporate_actions
    alter column split_ratio type desk.ratio, alter column units_delta type desk.units;
alter table desk.ledger_cash_movements alter column amount_gbp type desk.money;
alter table desk.broker_snapshots alter column cash_gbp type desk.money;
alter table desk.broker_snapshot_positions
    alter column units type desk.units, alter column value_gbp type desk.money;
alter table desk.drift_cases
    alter column expected_value type desk.figure, alter column observed_value type desk.figure;

-- A time no entry can have: infinite, before the desk could know of it, or not yet.
alter table desk.ledger_cash_movements
    add constraint occurred_in_time check (occurred_at > '2000-01-01' and occurred_at <= recorded_at) not valid;
alter table desk.broker_snapshots
    add constraint taken_in_time check (taken_at > '2000-01-01') not valid;

create view desk.signed_fills as
select
    fill.*,
    case fill.side when 'BUY' then 1 else -1 end * case when fill.reverses_fill_id is null then 1 else -1 end as sign
from desk.ledger_trades_fills as fill;
comment on view desk.signed_fills is
    'Fills with their sign: +1 a buy, -1 a sell, and the reverse for a row that takes a fill back.';

create view desk.positions_now as
select portfolio_id, internal_symbol, sum(units_delta) as units
from (
    select portfolio_id, internal_symbol, sign * units as units_delta from desk.signed_fills
    union all
    select portfolio_id, internal_symbol, units_delta from desk.ledger_corporate_actions
) as entries
group by portfolio_id, internal_symbol;
comment on view desk.positions_now is 'Units per symbol from the entries, for the writer that must not oversell.';

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

create view inv.c3_reversals_cancel as
select fill.fill_id, reversal.fill_id as reversal_fill_id
from desk.ledger_trades_fills as reversal
inner join desk.ledger_trades_fills as fill on fill.fill_id = reversal.reverses_fill_id
where (fill.portfolio_id, fill.internal_symbol, fill.side, fill.units, fill.value_gbp, fill.fee_gbp)
    is distinct from
    (reversal.portfolio_id, reversal.internal_symbol, reversal.side, reversal.units, reversal.value_gbp, reversal.fee_gbp)
    or fill.reverses_fill_id is not null;

grant select on desk.signed_fills, desk.positions_now
    to desk_app, desk_backup, desk_dbt, desk_mailer, desk_planner, desk_reader;
grant select on inv.c1_units_never_negative, inv.c3_reversals_cancel to desk_reader, desk_planner, desk_backup;
