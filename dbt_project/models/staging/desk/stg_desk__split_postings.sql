-- Units that splits added to or took from holdings. A run posts its own after it was frozen.
select
    run.run_id,
    posting.portfolio_id,
    posting.internal_symbol,
    posting.ex_date,
    posting.units_delta,
    posting.created_at as recorded_at
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'ledger_corporate_actions') }} as posting
    on posting.portfolio_id = run.portfolio_id
where posting.created_at <= run.frozen_at
    or posting.run_id = run.run_id
