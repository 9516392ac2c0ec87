-- The one test that enforces the gates: red unless every required check of the run has a clear verdict.
-- It asks for the checks the desk requires, so verdicts that were never computed are red as well, and so is a
-- build without a run. Nothing depends on gate_verdicts, so nothing is skipped when it fails.
{{ config(tags=['enforcing'], severity='error') }}

select
    required.gate,
    required.check_name,
    coalesce(verdict.reason, 'no verdict was computed') as reason
from {{ ref('stg_desk__required_checks') }} as required
left join {{ ref('gate_verdicts') }} as verdict
    on verdict.gate = required.gate
    and verdict.check_name = required.check_name
    and verdict.run_id = {{ run_id() }}
where verdict.is_clear is not true
