-- What the portfolio was worth at each session's close, and how it did without its deposits and withdrawals.
-- A deposit counts from the session's open and a withdrawal from its close, so money coming or going moves
-- equity and leaves return, growth index and drawdown alone. A session whose equity is unknown has no return;
-- the next known one makes up for it.
with entries as (
    select * from {{ ref('int_ledger__entries') }}
),

first_entry as (
    select run_id, portfolio_id, min(session_date) as first_date
    from entries
    group by run_id, portfolio_id
),

moved as (
    select
        run_id,
        session_date,
        sum(cash_delta_gbp) as cash_delta_gbp,
        sum(greatest(external_flow_gbp, 0)) as deposited_gbp,
        sum(greatest(-external_flow_gbp, 0)) as withdrawn_gbp
    from entries
    group by run_id, session_date
),

holdings as (
    select
        run_id,
        session_date,
        sum(value_gbp) as value_gbp,
        bool_and(value_gbp is not null) as is_known
    from {{ ref('int_ledger__position_values') }}
    group by run_id, session_date
),

valued as (
    select
        first_entry.run_id,
        first_entry.portfolio_id,
        sessions.session_date,
        sum(coalesce(moved.cash_delta_gbp, 0)) over in_order as cash_gbp,
        case
            when coalesce(holdings.is_known, true) then coalesce(holdings.value_gbp, 0)
        end as positions_value_gbp,
        sum(coalesce(moved.deposited_gbp, 0)) over in_order as deposited_gbp,
        sum(coalesce(moved.withdrawn_gbp, 0)) over in_order as withdrawn_gbp
    from first_entry
    inner join {{ ref('int_market__sessions') }} as sessions
        on sessions.run_id = first_entry.run_id
        and sessions.session_date >= first_entry.first_date
    left join moved on moved.session_date = sessions.session_date
    left join holdings
        on holdings.run_id = first_entry.run_id
        and holdings.session_date = sessions.session_date
    window in_order as (
        partition by first_entry.run_id order by sessions.session_date rows unbounded preceding
    )
),

known as (
    select
        run_id,
        session_date,
        cash_gbp + positions_value_gbp as equity_gbp,
        coalesce(lag(cash_gbp + positions_value_gbp) over in_order, 0) as previous_equity_gbp,
        deposited_gbp - coalesce(lag(deposited_gbp) over in_order, 0) as deposit_gbp,
        withdrawn_gbp - coalesce(lag(withdrawn_gbp) over in_order, 0) as withdrawal_gbp
    from valued
    where positions_value_gbp is not null
    window in_order as (partition by run_id order by session_date)
),

returned as (
    select
        run_id,
        session_date,
        equity_gbp,
        round((equity_gbp + withdrawal_gbp) / nullif(previous_equity_gbp + deposit_gbp, 0) - 1, 16)
            as return_ratio
    from known
),

grown as (
    select
        *,
        -- An empty book neither gains nor loses.
        intermediate.product(1 + coalesce(return_ratio, 0)) over (
            partition by run_id order by session_date rows unbounded preceding
        ) as growth_index
    from returned
)

select
    valued.run_id,
    valued.portfolio_id,
    valued.session_date,
    valued.cash_gbp,
    valued.positions_value_gbp,
    grown.equity_gbp,
    trim_scale(grown.return_ratio) as return_ratio,
    trim_scale(round(grown.growth_index, 16)) as growth_index,
    trim_scale(round(
        1 - grown.growth_index / nullif(
            -- The book starts at 1, so a loss on its first session is a drawdown as well.
            greatest(1, max(grown.growth_index) over (
                partition by valued.run_id order by valued.session_date rows unbounded preceding
            )),
            0
        ),
        16
    )) as drawdown_ratio
from valued
left join grown using (run_id, session_date)
