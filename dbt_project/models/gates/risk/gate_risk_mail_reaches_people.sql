-- Does mail of a book of real money go to a relay, from and to addresses that are somebody's?
-- Clear for a paper or simulated book. Blocks when the kind of the book, or where mail went as the run was
-- frozen, is unknown. Says nothing about whether a relay accepted any.
with run as (
    select * from {{ ref('stg_desk__runs') }}
)

select
    {{ verdict(
        'risk', 'mail_reaches_people',
        observed="(mail_objection <> '')::integer", limit='0',
        is_clear="is_live is not null and (not is_live or mail_objection = '')"
    ) }},
    case
        when is_live is null then 'whether this is a book of real money is unknown'
        when not is_live then 'not a book of real money: nobody has to be reached'
        when mail_objection = '' then 'mail goes to people'
        else coalesce(mail_objection, 'where mail goes is unknown')
    end as reason,
    case
        when is_live is null then {{ read_log('freeze_inputs') }}
        when not is_live or mail_objection = '' then ''
        else 'Set way and addresses of mail in the settings, try `trading-ops mail test`, and plan again.'
    end as fix
from run
