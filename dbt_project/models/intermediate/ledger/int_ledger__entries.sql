-- Every change of the book in its session. Shares that came with the book are a flow from outside like a
-- deposit: as much as they were worth at the close of their session, or of the first one after it whose close
-- is known, with what a split made of them until then. Before that, the book's worth is unknown as well.
-- What was taken back is no flow, nor is anything of a split.
with placed as (
    select
        *,
        sum(units_delta) over (partition by kind, internal_symbol, happened_at) as standing_units
    from {{ ref('int_ledger__postings_placed') }}
),

closes as (
    select * from {{ ref('int_ledger__closes') }}
    where close_usd is not null
        and gbpusd_rate is not null
),

opened as (
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
    where placed.kind = 'opening'
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
        when opened.internal_symbol is null then placed.external_flow_gbp
        when placed.standing_units = 0 then 0
        else round(
            placed.units_delta * (1 + coalesce((
                select sum(split.units_delta)
                from placed as split
                where split.kind = 'split'
                    and split.internal_symbol = placed.internal_symbol
                    and split.happened_at > placed.happened_at
                    and split.session_date <= opened.valued_date
            ), 0) / placed.standing_units) * opened.close_usd / opened.gbpusd_rate,
            2
        )
    end as external_flow_gbp
from placed
left join opened
    on placed.kind = 'opening'
    and opened.internal_symbol = placed.internal_symbol
    and opened.happened_at = placed.happened_at
