-- What was last said of each split of the run's book before the run, an operator's word above a run's.
select distinct on (finding.internal_symbol, finding.ex_date)
    run.run_id,
    finding.internal_symbol,
    finding.ex_date,
    finding.belief,
    finding.new_shares,
    finding.old_shares,
    finding.person is not null as is_settled
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'split_findings') }} as finding on finding.portfolio_id = run.portfolio_id
where finding.created_at <= run.frozen_at
order by
    finding.internal_symbol, finding.ex_date, finding.person is null, finding.finding_id desc
