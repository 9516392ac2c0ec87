-- The fixed list of checks every run must pass.
select
    gate,
    check_name
from {{ source('desk', 'required_checks') }}
