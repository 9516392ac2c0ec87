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
    run.run_id,
    'reconciliation' as gate,
    'positions_known' as check_name,
    compared.unknown_count::numeric as observed_value,
    0::numeric as limit_value,
    coalesce(compared.unknown_count = 0, false) as is_clear,
    case
        when compared.run_id is null then 'no broker snapshot was compared'
        when compared.unknown_count = 0 then 'every symbol is in the universe'
        else format('not in the universe: %s', compared.symbols)
    end as reason,
    case
        when compared.run_id is null then 'Record a broker snapshot on the confirm page.'
        when compared.unknown_count = 0 then ''
        else format('Correct the name, or add %s to config/universe.csv.', compared.symbols)
    end as fix
from run
left join compared on compared.run_id = run.run_id
