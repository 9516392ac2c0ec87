-- At which growth a day the flows from outside would have become what the book is worth: its internal rate
-- of return. Found by halving between -10 % and 10 % a day until the 20th decimal; null where no growth
-- does it.
with recursive flows as (
    select
        entries.run_id,
        run.as_of_date - entries.session_date as days_count,
        sum(entries.external_flow_gbp) as flow_gbp
    from {{ ref('int_ledger__entries') }} as entries
    inner join {{ ref('stg_desk__runs') }} as run on run.run_id = entries.run_id
    group by entries.run_id, run.as_of_date, entries.session_date
    having sum(entries.external_flow_gbp) <> 0
),

worth as (
    select equity.run_id, equity.equity_gbp
    from {{ ref('equity_daily') }} as equity
    inner join {{ ref('stg_desk__runs') }} as run
        on run.run_id = equity.run_id
        and run.as_of_date = equity.session_date
    where equity.equity_gbp is not null
),

halved as (
    select
        worth.run_id,
        worth.equity_gbp,
        0 as step_number,
        0.9 as low_factor,
        1.1 as high_factor
    from worth
    where (select sum(flow_gbp * power(0.9, days_count)) from flows) < worth.equity_gbp
        and (select sum(flow_gbp * power(1.1, days_count)) from flows) > worth.equity_gbp

    union all

    select
        halved.run_id,
        halved.equity_gbp,
        halved.step_number + 1,
        case when middle.is_low then middle.factor else halved.low_factor end,
        case when middle.is_low then halved.high_factor else middle.factor end
    from halved
    cross join lateral (
        select
            half.factor,
            (select sum(flow_gbp * power(half.factor, days_count)) from flows) < halved.equity_gbp as is_low
        from (select round((halved.low_factor + halved.high_factor) / 2, 24) as factor) as half
    ) as middle
    where halved.step_number < 64
)

select
    run_id,
    trim_scale(round(power(low_factor, 365) - 1, 10)) as annual_ratio
from halved
where step_number = 64
