-- Each change of the book with the session it belongs to: the first one that closes at or after it. What the
-- run knows but no session has seen yet (a deposit on Saturday) is put to as_of_date, at whose closes the
-- book is valued, and marked: it is there, and had no part in that session.
-- Money that came from outside is told here. What shares were worth when they came is told by a close:
-- int_ledger__entries adds it.
with run as (
    select * from {{ ref('stg_desk__runs') }}
)

select
    entries.*,
    case
        when entries.kind in ('deposit', 'withdrawal') and not entries.is_taken_back
            then entries.cash_delta_gbp
        else 0
    end as external_flow_gbp,
    coalesce(spans.session_date, run.as_of_date) as session_date,
    spans.session_date is null as is_after_close,
    case
        when spans.session_date is null then 0
        when entries.happened_at <= spans.open_at then 1
        else trim_scale(round(
            extract(epoch from spans.close_at - entries.happened_at)
            / extract(epoch from spans.close_at - spans.open_at),
            12
        ))
    end as session_left_ratio
from {{ ref('stg_desk__entries') }} as entries
inner join run on run.run_id = entries.run_id
left join {{ ref('int_ledger__session_spans') }} as spans
    on spans.run_id = entries.run_id
    and spans.close_at >= entries.happened_at
    and spans.previous_close_at < entries.happened_at
