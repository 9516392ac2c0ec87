-- The vendors the run's policy trusts, the most trusted first. A source that is not listed is not read.
select
    run.run_id,
    listed.source,
    listed.source_rank::integer as source_rank
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'config_policy') }} as policy on policy.policy_hash = run.policy_hash
cross join lateral jsonb_array_elements_text(policy.body #> '{market_data,source_order}')
    with ordinality as listed (source, source_rank)
