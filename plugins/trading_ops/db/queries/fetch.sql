-- name: names_without_bar(sources, symbols, session_date, close_at)
-- Which of these vendor symbols have no finished bar of a session, or a history on an old scale.
-- sources and symbols are arrays of one length. A bar loaded before the session's close is not finished.
select asked.source, asked.vendor_symbol
from unnest(:sources::text[], :symbols::text[]) as asked (source, vendor_symbol)
where not exists (
    select from raw.eod_bars as bar
    inner join raw.loads as load using (load_id)
    where bar.source = asked.source
        and bar.vendor_symbol = asked.vendor_symbol
        and bar.session_date = :session_date
        and load.started_at >= :close_at
)
or 'needs_history' = (
    select result.outcome
    from raw.load_results as result
    where result.source = asked.source and result.vendor_symbol = asked.vendor_symbol
    order by result.load_id desc
    limit 1
);

-- name: has_rate(base_currency, quote_currency, rate_date)$
-- Whether any source has given the rate of a day or a later one.
select exists (
    select from raw.fx_rates
    where base_currency = :base_currency
        and quote_currency = :quote_currency
        and rate_date >= :rate_date
);
