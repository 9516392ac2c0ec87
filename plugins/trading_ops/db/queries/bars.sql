-- name: take_load_lock()$
-- Waits for the loader or the freeze that is under way; released at the end of the transaction.
select desk.lock_loads();

-- name: load_clock()^
-- What a loader must know: the newest date a bar may have, and whether this desk is a production one.
select
    desk.now() as started_at,
    (desk.now() at time zone 'America/New_York')::date as newest_date,
    coalesce((select environment = 'production' from desk.instance), true) as is_production;

-- name: load_by_key(idempotency_key)^
-- The stored load of an idempotency key.
select load_id, source, rows_new_count, rows_changed_count, rows_unchanged_count
from raw.loads
where idempotency_key = :idempotency_key;

-- name: draw_load_id(idempotency_key, started_at)$
-- Draws the next load_id; the caller rolls the row back and stores the real one under the same number at the end.
insert into raw.loads (
    source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count, started_at
)
values ('', :idempotency_key, 0, 0, 0, 0, :started_at)
returning load_id;

-- name: insert_load(load_id, source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count, started_at)!
-- Stores a finished load under the number drawn for it.
insert into raw.loads (
    load_id, source, idempotency_key, rows_new_count, rows_changed_count, rows_unchanged_count, files_refused_count, started_at
)
overriding system value
values (
    :load_id, :source, :idempotency_key, :rows_new_count, :rows_changed_count, :rows_unchanged_count,
    :files_refused_count, :started_at
);

-- name: insert_payload(load_id, source, file_name, sha256, size_bytes, row_count, error)*!
-- Stores one row per file a load has seen.
insert into raw.payloads (load_id, source, file_name, sha256, size_bytes, row_count, error)
values (:load_id, :source, :file_name, :sha256, :size_bytes, :row_count, :error);

-- name: payloads_of_load(load_id)
-- The files of a load in the order they were judged.
select source, file_name, error from raw.payloads where load_id = :load_id order by payload_id;

-- name: load_contents(load_id)^
-- How many splits, dividends and rates a load wrote.
select
    (select count(*) from raw.corporate_actions where load_id = :load_id) as actions_new_count,
    (select count(*) from raw.fx_rates where load_id = :load_id) as rates_new_count;

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
create temporary table if not exists incoming_bars (like raw.eod_bars) on commit drop;

-- name: copy_incoming_bars()!
-- Takes the bars of one file into the temporary table.
copy incoming_bars (
    load_id, source, vendor_symbol, session_date, price_basis,
    open_price, high_price, low_price, close_price, adj_close_price, volume_units
) from stdin;

-- name: compare_incoming_bars()!
-- Sets each incoming bar beside the newest stored version of it.
create temporary table compared_bars on commit drop as
select
    incoming.*,
    known.load_id as known_load_id,
    incoming.close_price / nullif(known.close_price, 0) as close_ratio,
    (
        incoming.price_basis, incoming.open_price, incoming.high_price, incoming.low_price,
        incoming.close_price, incoming.adj_close_price, incoming.volume_units
    ) is distinct from (
        known.price_basis, known.open_price, known.high_price, known.low_price,
        known.close_price, known.adj_close_price, known.volume_units
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

-- name: comparison_by_symbol(ratio_tolerance)
-- What storing the compared bars of each symbol would do.
select
    source,
    vendor_symbol,
    count(*) filter (where known_load_id is null) as new_count,
    count(*) filter (where known_load_id is not null and is_different) as changed_count,
    count(*) filter (where not is_different) as unchanged_count,
    min(session_date) filter (where known_load_id is not null and is_different) as changed_date,
    min(session_date) filter (where abs(close_ratio - 1) > :ratio_tolerance) as rescaled_date
from compared_bars
group by source, vendor_symbol;

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
