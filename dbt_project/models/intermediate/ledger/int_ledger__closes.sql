-- What a share of everything the book ever had cost at each session's close, since it had any. As traded,
-- because units are those of the day. A session a symbol has no bar for takes its last close before it;
-- as_of_date takes none, because the run must know what it holds now.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

held as (
    select run_id, portfolio_id, internal_symbol, min(session_date) as first_date
    from {{ ref('int_ledger__postings_placed') }}
    where internal_symbol is not null
        and units_delta is distinct from 0
    group by run_id, portfolio_id, internal_symbol
),

closes as (
    select
        factors.run_id,
        factors.internal_symbol,
        factors.session_date,
        factors.as_traded_close_usd
    from {{ ref('int_market__price_factors') }} as factors
    left join {{ ref('int_market__price_findings') }} as finding
        on finding.run_id = factors.run_id
        and finding.internal_symbol = factors.internal_symbol
        and finding.session_date = factors.session_date
    where finding.internal_symbol is null
        and factors.as_traded_close_usd is not null
),

by_session as (
    select
        held.run_id,
        held.portfolio_id,
        held.internal_symbol,
        sessions.session_date,
        closes.as_traded_close_usd,
        count(closes.as_traded_close_usd) over (
            partition by held.run_id, held.portfolio_id, held.internal_symbol
            order by sessions.session_date rows unbounded preceding
        ) as closes_before_count
    from held
    inner join {{ ref('int_market__sessions') }} as sessions
        on sessions.run_id = held.run_id
        and sessions.session_date >= held.first_date
    left join closes
        on closes.internal_symbol = held.internal_symbol
        and closes.session_date = sessions.session_date
)

select
    by_session.run_id,
    by_session.portfolio_id,
    by_session.internal_symbol,
    by_session.session_date,
    case
        when by_session.session_date = run.as_of_date then by_session.as_traded_close_usd
        when by_session.closes_before_count > 0 then max(by_session.as_traded_close_usd) over (
            partition by by_session.internal_symbol, by_session.closes_before_count
        )
    end as close_usd,
    fx.gbpusd_rate
from by_session
inner join run on run.run_id = by_session.run_id
left join {{ ref('int_market__fx_by_session') }} as fx
    on fx.run_id = by_session.run_id
    and fx.session_date = by_session.session_date
