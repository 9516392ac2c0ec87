-- What this run and the portfolio's earlier ones ranked, every method beside the others.
select
    run.run_id,
    ranking.run_id as ranking_run_id,
    ranking.as_of_date,
    ranking.signal_method = signal.method as is_traded_on,
    signal.method,
    signal.internal_symbol,
    signal.signal_rank,
    signal.score,
    signal.side,
    signal.horizon_sessions,
    signal.model_version
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'runs') }} as ranking on ranking.portfolio_id = run.portfolio_id
inner join {{ source('desk', 'signals_ranked') }} as signal on signal.run_id = ranking.run_id
where ranking.frozen_at <= run.frozen_at
