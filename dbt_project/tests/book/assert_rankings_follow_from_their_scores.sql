-- Is each ranking in the order of its scores, and is what is said of it as a whole the sum of its rows?
-- Red ends build_book: nothing is sized, and the ticket is a NO-TRADE that names the step. No order hangs on
-- these rows, but the promotion of a model does.
-- Says nothing about how good a score is; the model report does.
with realised as (
    select
        *,
        format('%s by %s in %s', internal_symbol, method, ranking_run_id) as subject,
        -- Of equal scores the symbol decides, as in the ranking.
        row_number() over (
            partition by ranking_run_id, method order by score desc, internal_symbol collate "C"
        ) as expected_rank
    from {{ ref('signals_realised') }}
),

rankings as (
    select
        ranking_run_id,
        method,
        count(*) as ranked_count,
        count(return_ratio) as realised_count,
        trim_scale(round(avg(return_ratio), 12)) as return_ratio
    from realised
    group by ranking_run_id, method
),

both_ways as (
    select
        method || ' in ' || ranking_run_id as subject,
        shown.is_traded_on,
        shown.ranked_by_both_count,
        shown.rank_correlation,
        shown.ranked_count,
        shown.realised_count,
        shown.return_ratio,
        rankings.ranked_count as expected_ranked_count,
        rankings.realised_count as expected_realised_count,
        rankings.return_ratio as expected_return_ratio
    from {{ ref('signals_compared') }} as shown
    full join rankings using (ranking_run_id, method)
),

compared as (
    select
        'the best score is first' as identity,
        subject,
        signal_rank::numeric as found,
        expected_rank::numeric as expected
    from realised

    union all

    select
        'a hit is known when the return is',
        subject,
        (is_hit is null)::integer,
        (return_ratio is null)::integer
    from realised

    union all

    select
        'the return lies after the decision',
        subject,
        (coalesce(entry_date > as_of_date, true) and coalesce(exit_date > entry_date, true))::integer,
        1
    from realised

    union all

    select 'every symbol of a ranking is counted', subject, ranked_count, expected_ranked_count
    from both_ways

    union all

    select 'every return of a ranking is counted', subject, realised_count, expected_realised_count
    from both_ways

    union all

    select 'the mean return is that of its symbols', subject, return_ratio, expected_return_ratio
    from both_ways

    union all

    select 'the ranking traded on has all of its symbols', subject, ranked_by_both_count, ranked_count
    from both_ways
    where is_traded_on

    union all

    select 'the ranking traded on agrees with itself', subject, coalesce(rank_correlation, 1), 1
    from both_ways
    where is_traded_on

    union all

    select 'a run is traded on one ranking', ranking_run_id, count(distinct method), 1
    from realised
    where is_traded_on
    group by ranking_run_id
)

select * from compared
where found is distinct from expected
