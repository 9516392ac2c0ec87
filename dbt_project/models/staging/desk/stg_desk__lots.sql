-- Every lot of the book that the run knows: each part that was closed, and what is left (desk.lots_known).
select lot.*
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'run_lots') }} as lot on lot.run_id = run.run_id
