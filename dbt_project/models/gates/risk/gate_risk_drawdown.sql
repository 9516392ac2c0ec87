-- Has the book lost less than its limit since its peak, deposits and withdrawals aside?
-- Blocks when the drawdown on as_of_date is unknown: a loss nobody can measure is the worst kind.
-- The peak is that of the whole series, so it survives a restart and a withdrawal.
with run as (
    select *, {{ policy_limit('risk.drawdown_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        equity.drawdown_ratio,
        run.limit_value,
        equity.drawdown_ratio < run.limit_value as is_clear
    from run
    left join {{ ref('equity_daily') }} as equity
        on equity.run_id = run.run_id
        and equity.session_date = run.as_of_date
)

select
    {{ verdict('risk', 'drawdown', observed='drawdown_ratio') }},
    case
        when limit_value is null then 'the policy names no drawdown'
        when drawdown_ratio is null then
            format('the drawdown on %s is unknown: the book has no value', as_of_date)
        else format(
            'the book is %s below its peak, less than %s allowed',
            {{ percent('drawdown_ratio') }}, {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when drawdown_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else 'Halt the desk and decide whether the strategy goes on.'
    end as fix
from compared
