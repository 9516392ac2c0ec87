-- Fills of another executor, kept in a portfolio of their own. They are trades of one asset for another, in neither pounds
-- nor shares, so they are no entries of the ledger, and no gate, plan or report of the desk knows them.

create table desk.fill_imports (
    import_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    source text not null check (source in ('hummingbot_csv', 'hummingbot_sqlite')),
    file_name text not null,
    file_sha256 text not null check (file_sha256 ~ '^[0-9a-f]{64}$'),
    fills_count integer not null check (fills_count > 0),
    person text not null,
    idempotency_key text not null unique,
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    unique (import_id, portfolio_id)
);
comment on table desk.fill_imports is 'Each part of an export that was taken in, by whom; a large file has several.';

create table desk.imported_fills (
    imported_fill_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    market text not null check (market <> ''),
    order_id text not null check (order_id <> ''),
    exchange_trade_id text not null check (exchange_trade_id <> ''),
    base_asset text not null check (base_asset <> ''),
    quote_asset text not null check (quote_asset <> '' and quote_asset <> base_asset),
    side text not null check (side in ('BUY', 'SELL')),
    executed_at timestamptz not null,
    price desk.figure not null check (price > 0),
    amount desk.figure not null check (amount > 0),
    kept_as text not null check (kept_as in ('text', 'double', 'millionths')),
    fees jsonb not null check (jsonb_typeof(fees) = 'array'),
    import_id bigint not null,
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    unique (portfolio_id, market, order_id, exchange_trade_id, kept_as),
    constraint executed_in_time check (executed_at > '2009-01-01' and executed_at <= recorded_at),
    constraint of_the_same_book foreign key (import_id, portfolio_id)
        references desk.fill_imports (import_id, portfolio_id)
);
comment on table desk.imported_fills is
    'Fills as another executor''s files tell them. A fill is there once for each way its figures were kept.';
comment on column desk.imported_fills.kept_as is
    'text: every digit; double: the nearest float; millionths: cut off after six decimals.';
comment on column desk.imported_fills.fees is
    '[{asset, amount, ratio}]: an amount of an asset, or a ratio of the trade; without an asset the file does not tell it.';

-- A file brought over from an earlier version of its program has a number added to each id.
create function desk.bare_trade_id(exchange_trade_id text) returns text
language sql immutable
set search_path = pg_catalog, desk, pg_temp
return regexp_replace(exchange_trade_id, '_[0-9]+$', '');

create index imported_fills_alike
    on desk.imported_fills (portfolio_id, market, order_id, desk.bare_trade_id(exchange_trade_id));

call desk.make_append_only('desk.fill_imports');
call desk.make_append_only('desk.imported_fills');

create view desk.imported_fills_known as
select distinct on (portfolio_id, market, order_id, exchange_trade_id) fill.*
from desk.imported_fills as fill
order by portfolio_id, market, order_id, exchange_trade_id, array_position(array['text', 'double', 'millionths'], kept_as);
comment on view desk.imported_fills_known is 'Each imported fill once, by the file that kept most of its digits.';

create view desk.imported_entries as
select portfolio_id, base_asset as asset, case side when 'BUY' then amount else -amount end as delta, kept_as, executed_at
from desk.imported_fills_known
union all
select portfolio_id, quote_asset, case side when 'BUY' then -price * amount else price * amount end, kept_as, executed_at
from desk.imported_fills_known
union all
-- What a fee in a third asset comes to, or one whose asset is not told, hangs on a price nobody has here.
select
    fill.portfolio_id, coalesce(fee.asset, fill.quote_asset),
    -case
        when fee.amount is not null then fee.amount
        when fee.asset = fill.base_asset then fee.ratio * fill.amount
        when fee.asset = fill.quote_asset then fee.ratio * fill.price * fill.amount
    end,
    fill.kept_as, fill.executed_at
from desk.imported_fills_known as fill
cross join lateral jsonb_to_recordset(fill.fees) as fee (asset text, amount numeric, ratio numeric);
comment on view desk.imported_entries is 'What each imported fill and each of its fees moved; null where that is not known.';

create view desk.imported_balances as
select
    portfolio_id, asset, coalesce(sum(delta), 0) as balance, count(*) filter (where delta is null) as unknown_fees_count,
    count(*) filter (where kept_as <> 'text') as inexact_count
from desk.imported_entries
group by portfolio_id, asset;
comment on view desk.imported_balances is
    'What the imported fills of a portfolio added up to, per asset; what an account held before them is not in it.';

-- Granted to nobody. Whether two figures may be one, by how each was kept.
create function desk.is_same_figure(one numeric, one_kept_as text, other numeric, other_kept_as text) returns boolean
language sql immutable
set search_path = pg_catalog, desk, pg_temp
return case
    when one_kept_as = other_kept_as then one = other
    -- A float that was brought into millionths may be one of them short.
    when 'millionths' in (one_kept_as, other_kept_as) then abs(one - other) <= 0.000001
    else one::double precision = other::double precision
end;

-- Granted to nobody. What two rows of one fill do not agree in, or null.
create function desk.fill_disagreement(one desk.imported_fills, other desk.imported_fills) returns text
language sql immutable
set search_path = pg_catalog, desk, pg_temp
return case
    when (one.base_asset, one.quote_asset) <> (other.base_asset, other.quote_asset) then 'another pair'
    when one.side <> other.side then 'another side'
    when one.executed_at <> other.executed_at then 'another time'
    when not desk.is_same_figure(one.price, one.kept_as, other.price, other.kept_as) then 'another price'
    when not desk.is_same_figure(one.amount, one.kept_as, other.amount, other.kept_as) then 'another amount'
    when one.fees <> other.fees then 'other fees'
end;

-- Granted to nobody. Whether two rows are one trade under its name and a numbered one.
create function desk.is_renamed_fill(one desk.imported_fills, other desk.imported_fills) returns boolean
language sql immutable
set search_path = pg_catalog, desk, pg_temp
return one.exchange_trade_id <> other.exchange_trade_id
    and desk.bare_trade_id(one.exchange_trade_id) = desk.bare_trade_id(other.exchange_trade_id)
    and desk.bare_trade_id(one.exchange_trade_id) in (one.exchange_trade_id, other.exchange_trade_id)
    and desk.fill_disagreement(one, other) is null;

-- Granted to nobody. Why somebody cannot import into a portfolio, which is made for its first import.
create function desk.open_for_imports(request jsonb) returns void
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    kept_for text;
begin
    if not exists (select from desk.people where person_id = request ->> 'person' and role = 'operator') then
        raise exception '% is no operator: only an operator imports fills', coalesce(request ->> 'person', 'nobody')
            using errcode = 'check_violation', constraint = 'operator_imports';
    end if;
    insert into desk.portfolios (portfolio_id, kind, base_currency) values (request ->> 'portfolio_id', 'imported', 'GBP')
    on conflict (portfolio_id) do nothing;
    select kind into kept_for from desk.portfolios where portfolio_id = request ->> 'portfolio_id';
    if kept_for <> 'imported' then
        raise exception '% is a % portfolio: another executor''s fills get one of their own',
            request ->> 'portfolio_id', kept_for
            using errcode = 'check_violation', constraint = 'imported_apart';
    end if;
end
$$;

-- request: {portfolio_id, person, source, file_name, file_sha256, idempotency_key,
--           fills: [{market, order_id, exchange_trade_id, base_asset, quote_asset, side, executed_at, price, amount,
--                    kept_as, fees: [{asset, amount, ratio}]}]}
create function desk.record_fills(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier_id bigint;
    new_import_id bigint;
    brought desk.imported_fills;
    kept desk.imported_fills;
    new_count integer;
begin
    earlier_id := desk.earlier_record('fill_import', request ->> 'portfolio_id', request);
    if earlier_id is not null then
        return earlier_id;
    end if;
    perform desk.open_for_imports(request);
    insert into desk.fill_imports (
        portfolio_id, source, file_name, file_sha256, fills_count, person, idempotency_key, request_sha256
    ) values (
        request ->> 'portfolio_id', request ->> 'source', request ->> 'file_name', request ->> 'file_sha256',
        jsonb_array_length(request -> 'fills'), request ->> 'person', request ->> 'idempotency_key',
        desk.request_sha256(request)
    ) returning import_id into new_import_id;
    for brought in
        select (jsonb_populate_record(null::desk.imported_fills, body)).* from jsonb_array_elements(request -> 'fills') as body
    loop
        brought.portfolio_id := request ->> 'portfolio_id';
        for kept in
            select * from desk.imported_fills as fill
            where (fill.portfolio_id, fill.market, fill.order_id) = (brought.portfolio_id, brought.market, brought.order_id)
                and desk.bare_trade_id(fill.exchange_trade_id) = desk.bare_trade_id(brought.exchange_trade_id)
        loop
            if desk.is_renamed_fill(kept, brought) then
                raise exception 'trade % of order % on % is trade % again, under another name: it would count twice',
                    brought.exchange_trade_id, brought.order_id, brought.market, kept.exchange_trade_id
                    using errcode = 'unique_violation', constraint = 'one_name_per_fill';
            end if;
            if kept.exchange_trade_id = brought.exchange_trade_id and desk.fill_disagreement(kept, brought) is not null then
                raise exception 'trade % of order % on % is there already with %: % % at % on %',
                    brought.exchange_trade_id, brought.order_id, brought.market, desk.fill_disagreement(kept, brought),
                    kept.side, kept.amount, kept.price, kept.executed_at
                    using errcode = 'unique_violation', constraint = 'same_fill_same_figures';
            end if;
        end loop;
        -- No number, no asset: refused by the domain, before a balance is made of it.
        perform (fee ->> 'amount')::desk.figure, (fee ->> 'ratio')::desk.figure from jsonb_array_elements(brought.fees) as fee;
        insert into desk.imported_fills (
            portfolio_id, market, order_id, exchange_trade_id, base_asset, quote_asset, side, executed_at, price, amount,
            kept_as, fees, import_id
        ) values (
            brought.portfolio_id, brought.market, brought.order_id, brought.exchange_trade_id, brought.base_asset,
            brought.quote_asset, brought.side, brought.executed_at, brought.price, brought.amount, brought.kept_as,
            brought.fees, new_import_id
        ) on conflict (portfolio_id, market, order_id, exchange_trade_id, kept_as) do nothing;
    end loop;
    select count(*) into new_count
    from desk.imported_fills
    where portfolio_id = request ->> 'portfolio_id' and import_id = new_import_id;
    perform desk.audit(
        request ->> 'person', 'record_fills', format('fill_import/%s', new_import_id),
        jsonb_build_object(
            'file_sha256', request ->> 'file_sha256', 'fills_count', jsonb_array_length(request -> 'fills'),
            'new_count', new_count
        )
    );
    return new_import_id;
end
$$;
comment on function desk.record_fills(jsonb) is
    'Takes in fills of another executor, each once whichever files it comes in, and returns the number of the import.';

-- One more kind of request, whatever kinds there are by now.
do $$
begin
    execute format(
        'create or replace view desk.recorded_requests as %s union all '
        'select ''fill_import'', import_id, idempotency_key, request_sha256 from desk.fill_imports',
        rtrim(pg_get_viewdef('desk.recorded_requests'::regclass), ';')
    );
end
$$;

revoke all on function desk.bare_trade_id(text), desk.is_same_figure(numeric, text, numeric, text),
    desk.fill_disagreement(desk.imported_fills, desk.imported_fills),
    desk.is_renamed_fill(desk.imported_fills, desk.imported_fills), desk.open_for_imports(jsonb),
    desk.record_fills(jsonb) from public;
grant execute on function desk.record_fills(jsonb) to desk_planner;
grant select on desk.fill_imports, desk.imported_fills, desk.imported_fills_known, desk.imported_entries,
    desk.imported_balances to desk_planner, desk_reader, desk_backup;
