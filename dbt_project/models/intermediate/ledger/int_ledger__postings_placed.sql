-- Each change of the book with the session it belongs to: the first one that closes at or after it. What the
-- run knows but no session has seen yet (a deposit on Saturday) is put to as_of_date, at whose closes the
-- book is valued, and marked: it is there, and had no part in that session.
with run as (
    select * from {{ ref('stg_desk__runs') }}
)

select
    postings.*,
    coalesce(spans.session_date, run.as_of_date) as session_date,
    spans.session_date is null as is_after_close,
    case
        when spans.session_date is null then 0
        when postings.happened_at <= spans.open_at then 1
        else trim_scale(round(
            extract(epoch from spans.close_at - postings.happened_at)
            / extract(epoch from spans.close_at - spans.open_at),
            12
        ))
    end as session_left_ratio
from {{ ref('int_ledger__postings') }} as postings
inner join run on run.run_id = postings.run_id
left join {{ ref('int_ledger__session_spans') }} as spans
    on spans.run_id = postings.run_id
    and spans.close_at >= postings.happened_at
    and spans.previous_close_at < postings.happened_at
