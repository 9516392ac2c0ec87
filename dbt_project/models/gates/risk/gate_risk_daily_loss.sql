-- Did the book lose less than its limit on the as_of_date's session, deposits and withdrawals aside?
-- Blocks when that session's return is unknown.
-- Says nothing about a slow loss; gate_risk_drawdown does.
with run as (
    select *, {{ policy_limit('risk.daily_loss_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        greatest(-equity.return_ratio, case when equity.return_ratio is not null then 0 end) as loss_ratio,
        run.limit_value
    from run
    left join {{ ref('equity_daily') }} as equity
        on equity.run_id = run.run_id
        and equity.session_date = run.as_of_date
),

weighed as (
    select *, loss_ratio < limit_value as is_clear
    from compared
)

select
    {{ verdict('risk', 'daily_loss', observed='loss_ratio') }},
    case
        when limit_value is null then 'the policy names no daily loss'
        when loss_ratio is null then format('the return of %s is unknown', as_of_date)
        else format(
            'the book lost %s on %s, less than %s allowed',
            {{ percent('loss_ratio') }}, as_of_date, {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when loss_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else 'Look for the cause, then plan again after the next session.'
    end as fix
from weighed
