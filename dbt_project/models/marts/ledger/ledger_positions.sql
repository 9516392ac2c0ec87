-- What the portfolio holds, and its value at the close of as_of_date; null where there is no price.
select
    positions.run_id,
    positions.portfolio_id,
    positions.internal_symbol,
    positions.units,
    position_values.close_usd,
    position_values.value_gbp
from {{ ref('int_ledger__positions') }} as positions
inner join {{ ref('stg_desk__runs') }} as run on run.run_id = positions.run_id
left join {{ ref('int_ledger__position_values') }} as position_values
    on position_values.run_id = positions.run_id
    and position_values.portfolio_id = positions.portfolio_id
    and position_values.internal_symbol = positions.internal_symbol
    and position_values.session_date = run.as_of_date
where positions.units > 0
