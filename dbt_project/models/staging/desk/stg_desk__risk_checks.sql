-- What the riskguard found for this run.
select
    risk_check.run_id,
    risk_check.check_name,
    risk_check.is_clear,
    risk_check.reason,
    risk_check.fix
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'risk_checks') }} as risk_check on risk_check.run_id = run.run_id
