-- What was published last of each symbol, by the SQL of this build; none of it on a full refresh.
{% if is_published() %}
select
    internal_symbol,
    run_id,
    as_of_date,
    data_snapshot_id,
    fingerprint,
    cut_date
from marts.price_publications
where prices_code = '{{ prices_code() }}'
{% else %}
select
    null::text as internal_symbol,
    null::text as run_id,
    null::date as as_of_date,
    null::bigint as data_snapshot_id,
    null::text as fingerprint,
    null::date as cut_date
where false
{% endif %}
