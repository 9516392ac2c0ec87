-- Each ranking of a run as a whole: how far it agrees with the one the run was traded on, and how
-- well its order turned out. The top are as many names as the policy wants positions.
-- A rank correlation is Spearman's over the symbols both sides rank: 1 is the same order, -1 the reverse.
with rankings as (
    select * from {{ ref('signals_realised') }}
),

pairs as (
    select
        ranking.*,
        {{ policy_limit('sizing.positions_count') }} as top_count,
        traded.method as traded_method,
        traded.signal_rank as traded_rank,
        -- Places among what both rank and among what has a return; equal returns share their places.
        case when traded.signal_rank is not null then
            row_number() over (ranked_by_both order by ranking.signal_rank)
        end as own_place,
        case when traded.signal_rank is not null then
            row_number() over (ranked_by_both order by traded.signal_rank)
        end as traded_place,
        case when ranking.return_ratio is not null then
            row_number() over (realised order by ranking.signal_rank)
        end as realised_place,
        case when ranking.return_ratio is not null then
            rank() over (realised order by ranking.return_ratio desc)
            + (count(*) over (
                partition by ranking.ranking_run_id, ranking.method, ranking.return_ratio
            ) - 1) / 2.0
        end as return_place
    from rankings as ranking
    left join rankings as traded
        on traded.ranking_run_id = ranking.ranking_run_id
        and traded.internal_symbol = ranking.internal_symbol
        and traded.is_traded_on
    window
        ranked_by_both as (partition by ranking.ranking_run_id, ranking.method, traded.signal_rank is null),
        realised as (partition by ranking.ranking_run_id, ranking.method, ranking.return_ratio is null)
)

select
    run_id,
    ranking_run_id,
    method,
    as_of_date,
    is_traded_on,
    max(model_version) as model_version,
    count(*) as ranked_count,
    count(traded_rank) as ranked_by_both_count,
    max(top_count) as top_count,
    count(*) filter (where signal_rank <= top_count and traded_rank <= top_count) as same_top_count,
    trim_scale(round(corr(own_place, traded_place)::numeric, 6)) as rank_correlation,
    count(return_ratio) as realised_count,
    trim_scale(round(avg(is_hit::integer), 6)) as hit_ratio,
    trim_scale(round(corr(realised_place, return_place)::numeric, 6)) as rank_ic,
    trim_scale(round(avg(return_ratio) filter (where signal_rank <= top_count), 12)) as top_return_ratio,
    trim_scale(round(avg(return_ratio), 12)) as return_ratio
from pairs
group by run_id, ranking_run_id, method, as_of_date, is_traded_on
