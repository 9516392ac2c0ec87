-- Vendor rows as they came. Bitemporal: a row never changes, a changed value is a new row of a later load.

create table raw.loads (
    load_id bigint generated always as identity primary key,
    source text not null,
    idempotency_key text not null unique,
    rows_new_count bigint not null check (rows_new_count >= 0),
    rows_changed_count bigint not null check (rows_changed_count >= 0),
    rows_unchanged_count bigint not null check (rows_unchanged_count >= 0),
    files_refused_count bigint not null check (files_refused_count >= 0),
    started_at timestamptz not null,
    known_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now()
);
comment on table raw.loads is 'One row per committed load. Its load_id is the watermark a data snapshot points at.';

create table raw.payloads (
    payload_id bigint generated always as identity primary key,
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    file_name text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint not null check (size_bytes >= 0),
    row_count bigint not null check (row_count >= 0),
    error text,
    created_at timestamptz not null default desk.now()
);
comment on table raw.payloads is 'One row per vendor reply or file seen by a load, with the reason if it was refused.';

create table raw.eod_bars (
    load_id bigint not null,
    source text not null,
    vendor_symbol text not null,
    session_date date not null,
    price_basis text not null check (price_basis in ('raw', 'split_adjusted', 'fully_adjusted')),
    open_price numeric not null,
    high_price numeric not null,
    low_price numeric not null,
    close_price numeric not null,
    adj_close_price numeric,
    volume_units numeric not null,
    primary key (source, vendor_symbol, session_date, load_id)
);
comment on table raw.eod_bars is
    'End-of-day bars as the vendor wrote them, one row per (source, vendor_symbol, session_date, load). '
    'load_id has no foreign key: the loader writes raw.loads in the same transaction and inv.s1 proves it.';

create table raw.corporate_actions (
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    vendor_symbol text not null,
    ex_date date not null,
    kind text not null check (kind in ('split', 'dividend')),
    value numeric not null,
    primary key (source, vendor_symbol, ex_date, kind, load_id)
);
comment on table raw.corporate_actions is
    'Splits (new shares per old share) and cash dividends (USD per share, in the price basis of the source).';

create table raw.fx_rates (
    load_id bigint not null references raw.loads (load_id),
    source text not null,
    rate_date date not null,
    base_currency text not null,
    quote_currency text not null,
    rate numeric not null check (rate > 0),
    primary key (source, base_currency, quote_currency, rate_date, load_id)
);
comment on table raw.fx_rates is 'One unit of base_currency is worth rate units of quote_currency.';

call desk.make_append_only('raw.loads');
call desk.make_append_only('raw.payloads');
call desk.make_append_only('raw.eod_bars');
call desk.make_append_only('raw.corporate_actions');
call desk.make_append_only('raw.fx_rates');

grant insert, select on all tables in schema raw to desk_loader;
grant select on all tables in schema raw to desk_dbt, desk_planner, desk_reader, desk_backup;
