-- 12-1 momentum: the total return from 252 to 21 sessions ago.
-- Sessions are the symbol's own bars, the newest being 0 and required to be on as_of_date, so a vendor's gap
-- in one symbol shifts nothing in another. Too little history: no row. The last month is left out because it
-- tends to reverse. Looked at is the policy's window, however far back the build reads.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

closes as (
    select
        factors.run_id,
        factors.internal_symbol,
        max(factors.session_date) filter (where factors.bars_from_newest = 1) as newest_date,
        max(factors.adj_close_usd) filter (where factors.bars_from_newest = 22) as later_close_usd,
        max(factors.adj_close_usd)
            filter (where factors.bars_from_newest = 253) as earlier_close_usd
    from {{ ref('int_market__price_factors') }} as factors
    inner join {{ ref('stg_market__ranges') }} as ranges
        on ranges.internal_symbol = factors.internal_symbol
        and factors.session_date >= ranges.window_start_date
    where factors.bars_from_newest in (1, 22, 253)
    group by factors.run_id, factors.internal_symbol
)

select
    closes.run_id,
    closes.internal_symbol,
    trim_scale(round(closes.later_close_usd / closes.earlier_close_usd - 1, 12)) as score
from closes
inner join run on run.run_id = closes.run_id and run.as_of_date = closes.newest_date
inner join {{ ref('stg_desk__universe') }} as universe
    on universe.run_id = closes.run_id
    and universe.internal_symbol = closes.internal_symbol
where universe.is_enabled
    and universe.is_tradable_underlying
    and closes.later_close_usd / closes.earlier_close_usd is not null
