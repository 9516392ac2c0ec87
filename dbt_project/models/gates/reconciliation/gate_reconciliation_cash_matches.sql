-- Is the cash of the newest broker snapshot the ledger's, within the policy's tolerance?
-- Blocks when there is no snapshot, or the policy names no tolerance.
-- Says nothing about why they differ; the drift case does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

cash as (
    select * from {{ ref('drift') }} where subject = 'CASH'
),

weighed as (
    select
        run.run_id,
        cash.ledger_value,
        cash.snapshot_value,
        cash.drift_value,
        cash.tolerance_value,
        cash.is_within_tolerance as is_clear
    from run
    left join cash on cash.run_id = run.run_id
)

select
    {{ verdict('reconciliation', 'cash_matches', observed='abs(drift_value)', limit='tolerance_value') }},
    case
        when drift_value is null then 'no broker snapshot was compared'
        else format(
            'the broker shows %s GBP, the ledger %s GBP;'
            ' the difference of %s GBP is %s the tolerance of %s GBP',
            round(snapshot_value, 2), round(ledger_value, 2), round(drift_value, 2),
            case when is_clear then 'within' else 'above' end, round(tolerance_value, 2)
        )
    end as reason,
    case
        when is_clear then ''
        when drift_value is null then 'Record a broker snapshot on the confirm page.'
        else format(
            'Book what explains %s GBP (the page Cases has the likeliest), then record a broker snapshot.',
            round(drift_value, 2)
        )
    end as fix
from weighed
