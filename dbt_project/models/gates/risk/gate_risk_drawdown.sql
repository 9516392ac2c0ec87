-- Has the book lost less than its limit since its peak, deposits and withdrawals aside?
-- Blocks when the drawdown on as_of_date is unknown: a loss nobody can measure is the worst kind.
-- The peak is that of the whole series, so it survives a restart and a withdrawal; from the session of a
-- drawdown review on it is counted anew, or a book that lost more than its limit could never trade again.
with run as (
    select *, {{ policy_limit('risk.drawdown_ratio_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run.run_id,
        run.as_of_date,
        fallen.unreviewed_drawdown_ratio,
        fallen.counted_from_date,
        run.limit_value,
        fallen.unreviewed_drawdown_ratio < run.limit_value as is_clear
    from run
    left join {{ ref('drawdown_daily') }} as fallen
        on fallen.run_id = run.run_id
        and fallen.session_date = run.as_of_date
)

select
    {{ verdict('risk', 'drawdown', observed='unreviewed_drawdown_ratio') }},
    case
        when limit_value is null then 'the policy names no drawdown'
        when unreviewed_drawdown_ratio is null then
            format('the drawdown on %s is unknown: the book has no value', as_of_date)
        else format(
            'the book is %s below its peak%s, less than %s allowed',
            {{ percent('unreviewed_drawdown_ratio') }},
            ' since the review of ' || counted_from_date,
            {{ percent('limit_value') }}
        )
    end as reason,
    case
        when is_clear then ''
        when unreviewed_drawdown_ratio is null or limit_value is null then
            {{ price_holdings() }}
        else 'Find out why. If the strategy goes on, an operator records a drawdown review; then plan again.'
    end as fix
from compared
