-- Every change of the book in its session. Shares that came with the book, or were transferred to or from it,
-- are a flow from outside like a deposit: as much as they were worth at the close of their session, or of the
-- first one after it whose close is known, with what a split made of them until then. Before that, the book's
-- worth is unknown as well. What was taken back is no flow, nor is anything of a split.
with placed as (
    select
        *,
        -- What the units of before grow by in a split, and nothing else is asked of it.
        units_delta / nullif(sum(units_delta) over (
            partition by internal_symbol order by happened_at, kind <> 'split' rows unbounded preceding
        ) - units_delta, 0) as added_ratio
    from {{ ref('int_ledger__postings_placed') }}
),

closes as (
    select * from {{ ref('int_ledger__closes') }}
    where close_usd is not null
        and gbpusd_rate is not null
),

came as (
    select distinct on (placed.internal_symbol, placed.happened_at)
        placed.internal_symbol,
        placed.happened_at,
        closes.session_date as valued_date,
        closes.close_usd,
        closes.gbpusd_rate
    from placed
    inner join closes
        on closes.internal_symbol = placed.internal_symbol
        and closes.session_date >= placed.session_date
    where placed.kind in ('opening', 'transfer')
    order by placed.internal_symbol, placed.happened_at, closes.session_date
)

select
    placed.run_id,
    placed.portfolio_id,
    placed.kind,
    placed.internal_symbol,
    placed.happened_at,
    placed.recorded_at,
    placed.session_date,
    placed.is_after_close,
    placed.session_left_ratio,
    placed.units_delta,
    placed.cash_delta_gbp,
    case
        when came.internal_symbol is null then placed.external_flow_gbp
        when placed.is_taken_back then 0
        else round(
            placed.units_delta * coalesce((
                select intermediate.product(1 + split.added_ratio)
                from placed as split
                where split.kind = 'split'
                    and split.internal_symbol = placed.internal_symbol
                    and split.happened_at > placed.happened_at
                    and split.session_date <= came.valued_date
            ), 1) * came.close_usd / came.gbpusd_rate,
            2
        )
    end as external_flow_gbp
from placed
left join came
    on placed.kind in ('opening', 'transfer')
    and came.internal_symbol = placed.internal_symbol
    and came.happened_at = placed.happened_at
