-- name: entries(portfolio_id)
-- Every entry of a stock with its units and pounds, and the fee beside them; what is taken back has its own entry.
select
    'fill' as kind, internal_symbol as symbol, executed_at as happened_at, sign * units as units_delta,
    -sign * value_gbp as cash_gbp, case when reverses_fill_id is null then fee_gbp else -fee_gbp end as fee_gbp,
    null::date as held_since
from desk.signed_fills
where portfolio_id = :portfolio_id
union all
select
    'opening', position.internal_symbol, opening.opened_at, told.sign * position.units, -told.sign * position.cost_gbp,
    0, position.held_since_date
from desk.openings as opening
cross join lateral (select case when opening.reverses_opening_id is null then 1 else -1 end as sign) as told
inner join desk.opening_positions as position
    on position.opening_id = coalesce(opening.reverses_opening_id, opening.opening_id)
where opening.portfolio_id = :portfolio_id
union all
select kind, internal_symbol, happened_at, units_delta, cash_delta_gbp, 0, null
from desk.entries
where portfolio_id = :portfolio_id and internal_symbol is not null and kind not in ('fill', 'opening');
