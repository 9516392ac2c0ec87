-- name: take_load_lock()$
-- Waits for the loader or the freeze that is under way; released at the end of the transaction.
select desk.lock_loads();

-- name: load_clock()^
-- What a loader must know: the newest date a bar may have, and whether this desk is a production one.
select
    desk.now() as started_at,
    (desk.now() at time zone 'America/New_York')::date as newest_date,
    coalesce((select environment = 'production' from desk.instance), true) as is_production;

-- name: load_id_of_key(idempotency_key)$
-- The load that used an idempotency key.
select load_id from raw.loads where idempotency_key = :idempotency_key;

-- name: draw_load_id(idempotency_key, started_at)$
-- Draws the next load_id; the caller rolls the row back and stores the real one under the same number at the end.
insert into raw.loads (
    source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count, started_at
)
values ('', :idempotency_key, 0, 0, 0, 0, :started_at)
returning load_id;

-- name: insert_load(load_id, source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count, started_at, duration_ms)!
-- Stores a finished load under the number drawn for it.
insert into raw.loads (
    load_id, source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count,
    started_at, duration_ms
)
overriding system value
values (
    :load_id, :source, :idempotency_key, :rows_new_count, :rows_changed_count, :rows_unchanged_count,
    :files_refused_count, :started_at, :duration_ms
);

-- name: insert_payload(load_id, source, file_name, sha256, size_bytes, row_count, error)*!
-- Stores one row per file a load has seen.
insert into raw.payloads (load_id, source, file_name, sha256, size_bytes, row_count, error)
values (:load_id, :source, :file_name, :sha256, :size_bytes, :row_count, :error);

-- name: insert_load_result(load_id, source, vendor_symbol, outcome, rows_new, rows_changed, rows_unchanged, rows_quarantined, first_written_date, duration_ms, detail)*!
-- Stores what became of one symbol in a load.
insert into raw.load_results (
    load_id, source, vendor_symbol, outcome, rows_new_count, rows_changed_count, rows_unchanged_count,
    rows_quarantined_count, first_written_date, duration_ms, detail
)
values (
    :load_id, :source, :vendor_symbol, :outcome, :rows_new, :rows_changed, :rows_unchanged,
    :rows_quarantined, :first_written_date, :duration_ms, :detail
);

-- name: insert_quarantined_row(load_id, source, vendor_symbol, file, line, field, session_date, reason, row_text)*!
-- Stores one row left out of an accepted file.
insert into raw.quarantined_rows (
    load_id, source, vendor_symbol, file_name, line_number, field, session_date, reason, row_text
)
values (:load_id, :source, :vendor_symbol, :file, :line, :field, :session_date, :reason, :row_text);

-- name: insert_restatement(load_id, source, vendor_symbol, kind, ratio, largest_ratio, bars_count, first_date, last_date)*!
-- Stores how a vendor changed the bars of one symbol.
insert into raw.restatements (
    load_id, source, vendor_symbol, kind, ratio, largest_ratio, bars_count, first_date, last_date
)
values (
    :load_id, :source, :vendor_symbol, :kind, :ratio, :largest_ratio, :bars_count, :first_date, :last_date
);

-- name: newest_loads(load_count)
-- The newest loads with what became of their symbols.
select
    loads.load_id, loads.known_at, loads.source, loads.rows_new_count, loads.rows_changed_count,
    loads.rows_unchanged_count, loads.files_refused_count, loads.duration_ms,
    (select count(*) from raw.quarantined_rows as rows where rows.load_id = loads.load_id) as rows_quarantined_count,
    coalesce(results.outcomes, '') as outcomes
from raw.loads
left join lateral (
    select string_agg(counted.symbol_count || ' ' || counted.outcome, ', ' order by counted.outcome) as outcomes
    from (
        select outcome, count(*) as symbol_count
        from raw.load_results
        where load_results.load_id = loads.load_id
        group by outcome
    ) as counted
) as results on true
order by loads.load_id desc
limit :load_count;

-- name: results_of_load(load_id)
-- What became of each symbol in a load.
select
    source, vendor_symbol, outcome, rows_new_count as rows_new, rows_changed_count as rows_changed,
    rows_unchanged_count as rows_unchanged, rows_quarantined_count as rows_quarantined, first_written_date,
    duration_ms, detail
from raw.load_results
where load_id = :load_id
order by source collate "C", vendor_symbol collate "C";

-- name: refused_files_of_load(load_id)
-- The files a load refused, in the order they were read.
select file_name, error from raw.payloads where load_id = :load_id and error is not null order by payload_id;

-- name: quarantined_rows_of_load(load_id)
-- The rows a load left out of accepted files, in the order they were found.
select file_name as file, line_number as line, field, reason, session_date, row_text
from raw.quarantined_rows
where load_id = :load_id
order by quarantine_id;

-- name: load_with_contents(load_id)^
-- One load, with how many splits, dividends and rates it wrote.
select
    source, duration_ms,
    (select count(*) from raw.corporate_actions as actions where actions.load_id = loads.load_id) as actions_new_count,
    (select count(*) from raw.fx_rates as rates where rates.load_id = loads.load_id) as rates_new_count
from raw.loads
where load_id = :load_id;

-- name: stored_span(source, vendor_symbol)^
-- The oldest and the newest stored date of a symbol; nulls when none of its bars is stored.
select min(session_date) as first_date, max(session_date) as last_date
from raw.eod_bars
where source = :source and vendor_symbol = :vendor_symbol;

-- name: copy_new_bars()!
-- Appends bars of symbols that have none yet, from the vendor's own text.
copy raw.eod_bars (
    load_id, source, vendor_symbol, session_date, price_basis,
    open_price, high_price, low_price, close_price, adj_close_price, volume_units
) from stdin;

-- name: create_incoming_bars()!
-- Makes room for the bars that have to be compared with stored ones.
create temporary table incoming_bars (like raw.eod_bars) on commit drop;

-- name: copy_incoming_bars()!
-- Takes the bars of one file into the temporary table.
copy incoming_bars (
    load_id, source, vendor_symbol, session_date, price_basis,
    open_price, high_price, low_price, close_price, adj_close_price, volume_units
) from stdin;

-- name: compare_incoming_bars()!
-- Sets each incoming bar beside the newest stored version of it. Yahoo computes its adjusted close
-- anew for every answer and differs in the seventh digit each time; that is no change.
create temporary table compared_bars on commit drop as
select
    incoming.*,
    known.load_id as known_load_id,
    known.close_price as known_close_price,
    known.adj_close_price as known_adj_close_price,
    (
        incoming.price_basis, incoming.open_price, incoming.high_price, incoming.low_price,
        incoming.close_price, incoming.volume_units
    ) is distinct from (
        known.price_basis, known.open_price, known.high_price, known.low_price,
        known.close_price, known.volume_units
    ) or (
        incoming.adj_close_price is distinct from known.adj_close_price
        and not coalesce(
            abs(incoming.adj_close_price - known.adj_close_price) <= 0.000001 * known.adj_close_price, false
        )
    ) as is_different
from incoming_bars as incoming
left join lateral (
    select bars.*
    from raw.eod_bars as bars
    where bars.source = incoming.source
        and bars.vendor_symbol = incoming.vendor_symbol
        and bars.session_date = incoming.session_date
    order by bars.load_id desc
    limit 1
) as known on true;

-- name: comparison_by_symbol()
-- What storing the compared bars of each symbol would do.
select
    source,
    vendor_symbol,
    count(*) filter (where known_load_id is null) as new_count,
    count(*) filter (where known_load_id is not null and is_different) as changed_count,
    count(*) filter (where not is_different) as unchanged_count,
    min(session_date) filter (where is_different) as first_written_date,
    min(session_date) filter (where known_load_id is not null and is_different) as changed_first_date,
    max(session_date) filter (where known_load_id is not null and is_different) as changed_last_date
from compared_bars
group by source, vendor_symbol;

-- name: compared_closes(source, vendor_symbol)^
-- The closes that a symbol's file and the store both have, oldest first; for comparing only.
select
    array_agg(session_date order by session_date) as dates,
    array_agg(known_close_price::float8 order by session_date) as old_close,
    array_agg(close_price::float8 order by session_date) as new_close,
    array_agg(known_adj_close_price::float8 order by session_date) as old_adj,
    array_agg(adj_close_price::float8 order by session_date) as new_adj
from compared_bars
where source = :source and vendor_symbol = :vendor_symbol and known_load_id is not null;

-- name: stored_date_not_compared(source, vendor_symbol)$
-- The oldest stored date of a symbol that its file does not have.
select min(missing.session_date)
from (
    select session_date from raw.eod_bars where source = :source and vendor_symbol = :vendor_symbol
    except
    select session_date from compared_bars where source = :source and vendor_symbol = :vendor_symbol
) as missing;

-- name: forget_compared_bars(source, vendor_symbol)!
-- Takes a refused symbol out of the comparison.
delete from compared_bars where source = :source and vendor_symbol = :vendor_symbol;

-- name: append_compared_bars()!
-- Appends what is new or changed as the version of this load.
insert into raw.eod_bars (
    load_id, source, vendor_symbol, session_date, price_basis,
    open_price, high_price, low_price, close_price, adj_close_price, volume_units
)
select
    load_id, source, vendor_symbol, session_date, price_basis,
    open_price, high_price, low_price, close_price, adj_close_price, volume_units
from compared_bars
where is_different
order by source, vendor_symbol, session_date;

-- name: drop_compared_bars()!
-- Makes room for the next comparison.
drop table compared_bars, incoming_bars;

-- name: newest_actions(source, vendor_symbol)
-- The newest version of each stored split or dividend of a symbol.
select distinct on (ex_date, kind) ex_date::text as ex_date, kind, value
from raw.corporate_actions
where source = :source and vendor_symbol = :vendor_symbol
order by ex_date, kind, load_id desc;

-- name: copy_actions()!
-- Appends splits and dividends.
copy raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value) from stdin;

-- name: newest_rates(source)
-- The newest version of each stored rate of a source.
select distinct on (base_currency, quote_currency, rate_date)
    rate_date::text as rate_date, base_currency, quote_currency, rate
from raw.fx_rates
where source = :source
order by base_currency, quote_currency, rate_date, load_id desc;

-- name: copy_rates()!
-- Appends exchange rates.
copy raw.fx_rates (load_id, source, rate_date, base_currency, quote_currency, rate) from stdin;

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
