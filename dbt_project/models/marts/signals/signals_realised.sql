-- What became of every ranked symbol: its return from the close after the decision to the close of
-- the horizon's end, as the label of the model defines it: Ref($close, -1 - horizon) / Ref($close, -1) - 1.
-- A method without a forecast of its own is measured by the policy's horizon. Null until the run has
-- seen the last session, and where a price is missing on either day.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

sessions as (
    select
        session_date,
        row_number() over (order by session_date) as session_number
    from {{ ref('stg_desk__calendar') }}
),

spans as (
    select
        signal.*,
        entry.session_date as entry_date,
        exit.session_date as exit_date
    from {{ ref('stg_desk__signals') }} as signal
    inner join sessions as decided on decided.session_date = signal.as_of_date
    left join sessions as entry on entry.session_number = decided.session_number + 1
    left join sessions as exit
        on exit.session_number = entry.session_number + coalesce(
            signal.horizon_sessions, {{ policy_limit('signal.horizon_sessions_count') }}
        )
),

returns as (
    select
        spans.*,
        sold_at.adj_close_usd / bought_at.adj_close_usd - 1 as return_ratio
    from spans
    inner join run on run.run_id = spans.run_id
    left join {{ ref('market_prices_eod') }} as bought_at
        on bought_at.internal_symbol = spans.internal_symbol
        and bought_at.session_date = spans.entry_date
    left join {{ ref('market_prices_eod') }} as sold_at
        on sold_at.internal_symbol = spans.internal_symbol
        and sold_at.session_date = spans.exit_date
        and sold_at.session_date <= run.as_of_date
)

select
    run_id,
    ranking_run_id,
    method,
    internal_symbol,
    as_of_date,
    is_traded_on,
    model_version,
    signal_rank,
    score,
    entry_date,
    exit_date,
    trim_scale(round(return_ratio, 12)) as return_ratio,
    coalesce(side = 'LONG', score > 0) = (return_ratio > 0) as is_hit
from returns
