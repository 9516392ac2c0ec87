-- Does the universe know every symbol of the newest broker snapshot and of the ledger?
-- Blocks when no snapshot was compared. A symbol nobody knows cannot be valued, capped or sold.
-- Says nothing about how many units there are; gate_reconciliation_positions_match does.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

compared as (
    select
        run_id,
        count(*) filter (where not is_known) as unknown_count,
        string_agg(subject, ', ' order by subject) filter (where not is_known) as symbols
    from {{ ref('drift') }}
    group by run_id
)

select
    {{ verdict(
        'reconciliation', 'positions_known',
        observed='unknown_count', limit='0', is_clear='unknown_count = 0'
    ) }},
    case
        when unknown_count is null then 'no broker snapshot was compared'
        when unknown_count = 0 then 'every symbol is in the universe'
        else format('not in the universe: %s', symbols)
    end as reason,
    case
        when unknown_count is null then 'Record a broker snapshot on the confirm page.'
        when unknown_count = 0 then ''
        else format('Correct the name, or add %s to universe.csv.', symbols)
    end as fix
from run
left join compared using (run_id)
