-- What was last said of each split of the run's book before the run, an operator's word above a run's.
select distinct on (judgement.internal_symbol, judgement.ex_date)
    run.run_id,
    judgement.internal_symbol,
    judgement.ex_date,
    judgement.verdict,
    judgement.new_shares,
    judgement.old_shares,
    judgement.person is not null as is_settled
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'split_judgements') }} as judgement on judgement.portfolio_id = run.portfolio_id
where judgement.created_at <= run.frozen_at
order by
    judgement.internal_symbol, judgement.ex_date, judgement.person is null, judgement.judgement_id desc
