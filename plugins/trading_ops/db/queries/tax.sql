-- name: entries(portfolio_id)
-- Every entry of a stock that stands, with its pounds before the fee beside it, and the splits that are believed: what each
-- did to the units held, and how many shares it made of how many, for those who held none.
select
    entry.kind, entry.internal_symbol as symbol, entry.happened_at, entry.units_delta,
    case entry.kind
        when 'opening' then -opened.cost_gbp
        else entry.cash_delta_gbp + coalesce(fill.fee_gbp, leg.fee_gbp, 0)
    end as cash_gbp,
    coalesce(fill.fee_gbp, leg.fee_gbp, 0) as fee_gbp,
    opened.held_since_date as held_since, null::bigint as new_shares, null::bigint as old_shares
from desk.entries as entry
left join desk.ledger_trades_fills as fill on entry.entry_id = 'fill/' || fill.fill_id
left join desk.opening_positions as opened
    on entry.entry_id = 'opening/' || opened.opening_id and entry.internal_symbol = opened.internal_symbol
left join desk.ledger_event_legs as leg
    on entry.kind = 'trade' and entry.entry_id = 'event/' || leg.event_id
where entry.portfolio_id = :portfolio_id
    and entry.internal_symbol is not null
    and entry.kind <> 'split'
    and not entry.is_taken_back

union all

select
    'split', finding.internal_symbol, told.happened_at, coalesce(entry.units_delta, 0), 0, 0, null,
    finding.new_shares, finding.old_shares
from (
    select distinct on (internal_symbol, ex_date) internal_symbol, ex_date, belief, new_shares, old_shares
    from desk.split_findings
    where portfolio_id = :portfolio_id
    order by internal_symbol, ex_date, person is null, finding_id desc
) as finding
cross join lateral (
    select finding.ex_date::timestamp at time zone 'America/New_York' as happened_at
) as told
left join desk.entries as entry
    on entry.portfolio_id = :portfolio_id
    and entry.kind = 'split'
    and entry.internal_symbol = finding.internal_symbol
    and entry.happened_at = told.happened_at
where finding.belief = 'believed';
