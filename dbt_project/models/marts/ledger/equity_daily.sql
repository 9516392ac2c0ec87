-- What the portfolio was worth at each session's close, and how it did: what comes or goes from outside moves
-- equity and leaves return, growth index and drawdown alone. The return is the gain over what was there
-- before, plus each flow for the part of the time it was there (Dietz, "Pension Funds: Measuring Investment
-- Performance", 1966, in its modified form). What came after the close of as_of_date is part of equity and
-- not of that session's gain. Where equity is unknown there is no return; the next known one makes up for it.
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
        sum(external_flow_gbp) filter (where not is_after_close) as flow_gbp,
        sum(external_flow_gbp * session_left_ratio) as weighted_flow_gbp,
        sum(case when units_delta <> 0 then external_flow_gbp else cash_delta_gbp end)
            filter (where is_after_close) as late_gbp
    from entries
    group by run_id, session_date
),

holdings as (
    select run_id, session_date, sum(value_gbp) as value_gbp, bool_and(value_gbp is not null) as is_known
    from {{ ref('int_ledger__position_values') }}
    group by run_id, session_date
),

valued as (
    select
        first_entry.run_id,
        first_entry.portfolio_id,
        sessions.session_date,
        -- The newest is number 1, so the difference is how many sessions came after a flow's own.
        sessions.session_number,
        sum(coalesce(moved.cash_delta_gbp, 0)) over in_order as cash_gbp,
        case
            when coalesce(holdings.is_known, true) then coalesce(holdings.value_gbp, 0)
        end as positions_value_gbp,
        sum(coalesce(moved.flow_gbp, 0)) over in_order as flow_gbp,
        sum(coalesce(moved.weighted_flow_gbp + moved.flow_gbp * sessions.session_number, 0)) over in_order
            as weighted_flow_gbp,
        coalesce(moved.late_gbp, 0) as late_gbp
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
        run_id, session_date, session_number,
        lag(session_number) over in_order - session_number as sessions_count,
        cash_gbp + positions_value_gbp as equity_gbp,
        cash_gbp + positions_value_gbp - late_gbp as closing_gbp,
        coalesce(lag(cash_gbp + positions_value_gbp) over in_order, 0) as previous_equity_gbp,
        flow_gbp - coalesce(lag(flow_gbp) over in_order, 0) as flow_gbp,
        weighted_flow_gbp - coalesce(lag(weighted_flow_gbp) over in_order, 0) as weighted_flow_gbp
    from valued
    where positions_value_gbp is not null
    window in_order as (partition by run_id order by session_date)
),

gained as (
    select
        *,
        closing_gbp - previous_equity_gbp - flow_gbp as gain_gbp,
        -- What a book begins with is there from its beginning.
        case
            when previous_equity_gbp = 0 then flow_gbp
            else previous_equity_gbp + (weighted_flow_gbp - flow_gbp * session_number) / sessions_count
        end as base_gbp
    from known
),

returned as (
    select
        run_id,
        session_date,
        equity_gbp,
        case
            when base_gbp > 0 then round(gain_gbp / base_gbp, 16)
            -- An empty book neither gains nor loses.
            when gain_gbp = 0 then 0
        end as return_ratio
    from gained
),

grown as (
    select
        *,
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
