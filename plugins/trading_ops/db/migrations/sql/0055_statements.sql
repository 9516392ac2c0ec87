-- What a person confirms is what they typed; what the broker's account statement says is what happened. Its rows are kept
-- as they were written, and views hold the ledger's lines against them. Nothing here books anything.

create table desk.statements (
    statement_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    file_sha256 text not null check (file_sha256 ~ '^[0-9a-f]{64}$'),
    account_name text not null,
    username text not null check (username <> ''),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    made_at timestamptz not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    rows_count integer not null check (rows_count >= 0),
    rows_new_count integer not null check (rows_new_count between 0 and rows_count),
    person text not null,
    recorded_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    constraint statement_of_one_period check (starts_at > '2000-01-01' and starts_at <= ends_at),
    -- The same file again is the same statement.
    unique (portfolio_id, file_sha256)
);
comment on table desk.statements is 'The broker''s account statements that were imported, each one whole and agreeing with itself.';
comment on column desk.statements.made_at is 'When the broker made it. Of two versions of a row the one of the later counts.';
comment on column desk.statements.rows_new_count is 'Rows no earlier statement had in these words.';

create table desk.statement_rows (
    statement_row_id bigint generated always as identity primary key,
    portfolio_id text not null references desk.portfolios (portfolio_id),
    sheet text not null check (sheet in ('activity', 'closed', 'dividends')),
    kind text not null check (kind in (
        'opened', 'closed', 'deposit', 'withdrawal', 'withdrawal_fee', 'conversion_fee', 'dividend', 'interest',
        'rollover_fee', 'rollover_refund', 'commission', 'stamp_duty', 'adjustment', 'airdrop', 'staking', 'edit_stop_loss',
        'split'
    )),
    position_id text not null check (position_id ~ '^[0-9]{0,20}$'),
    happened_at timestamptz not null check (happened_at > '2000-01-01' and happened_at < '2200-01-01'),
    occurrence integer not null check (occurrence >= 1),
    content_sha256 text not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    paper text not null,
    asset text not null,
    leverage desk.ratio not null check (leverage >= 1),
    is_short boolean not null,
    isin text not null,
    amount desk.money,
    cash_delta desk.money,
    equity_delta desk.money,
    balance desk.money,
    units desk.units check (units >= 0),
    opened_at timestamptz,
    open_rate desk.figure,
    close_rate desk.figure,
    withheld desk.figure,
    split_to desk.units check (split_to > 0),
    split_of desk.units check (split_of > 0),
    raw_cells jsonb not null check (jsonb_typeof(raw_cells) = 'array'),
    created_at timestamptz not null default desk.now(),
    -- Of all its words. What a row is about is its sheet, kind, position, instant and occurrence; a later statement may
    -- word it anew, and that is another version of it.
    unique (portfolio_id, content_sha256)
);
comment on table desk.statement_rows is
    'Every version of every row the statements had, as written and as read. Amounts are in the currency of the account.';
comment on column desk.statement_rows.amount is 'As written. Of an opening it is what is left of it today, and never its cost.';
comment on column desk.statement_rows.cash_delta is
    'The step of the balance; null for an opening that stood first, with no balance before it.';
comment on column desk.statement_rows.occurrence is 'Tells rows apart that are about the same in the same second.';

create table desk.statement_contents (
    statement_id bigint not null references desk.statements (statement_id),
    sheet text not null,
    row_number integer not null check (row_number >= 2),
    statement_row_id bigint not null references desk.statement_rows (statement_row_id),
    primary key (statement_id, sheet, row_number)
);
create index statement_contents_row on desk.statement_contents (statement_row_id);
comment on table desk.statement_contents is 'Which statement says which row, and where in the file it stands.';

call desk.make_append_only('desk.statements');
call desk.make_append_only('desk.statement_rows');
call desk.make_append_only('desk.statement_contents');

-- Granted to nobody. Why a statement cannot be one of this book, or null.
create function desk.statement_objection(request jsonb) returns text
language plpgsql
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    earlier record;
begin
    if not exists (
        select from desk.people where person_id = request ->> 'person' and role = 'operator'
    ) and (request ->> 'person') is distinct from 'desk' then
        return format('%s is no operator: only an operator imports a statement', coalesce(request ->> 'person', 'nobody'));
    end if;
    if (request ->> 'made_at')::timestamptz > desk.now() + interval '1 day' then
        return format('the statement was made at %s, and now it is %s', request ->> 'made_at', desk.now());
    end if;
    select username, currency into earlier
    from desk.statements where portfolio_id = request ->> 'portfolio_id'
    order by statement_id limit 1;
    if found and earlier.username <> request ->> 'username' then
        return format(
            'the statements of this book are of the account %s, and this one is of %s', earlier.username, request ->> 'username'
        );
    end if;
    if found and earlier.currency <> request ->> 'currency' then
        return format(
            'the statements of this book are in %s, and this one is in %s', earlier.currency, request ->> 'currency'
        );
    end if;
    return null;
end
$$;

-- request: {portfolio_id, person, file_sha256, account_name, username, currency, made_at, starts_at, ends_at,
--           rows: [{sheet, row_number, kind, position_id, happened_at, occurrence, paper, asset, leverage, is_short, isin,
--                   amount, cash_delta, equity_delta, balance, units, opened_at, open_rate, close_rate, withheld, split_to,
--                   split_of, raw_cells}]}
create function desk.record_statement(request jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog, desk, pg_temp
as $$
declare
    known_id bigint;
    objection text;
    new_statement_id bigint;
    new_count integer;
    asked_portfolio_id constant text := request ->> 'portfolio_id';
begin
    -- One importer of a book at a time. The file is its own key: whoever sends it again finds what is there.
    perform pg_advisory_xact_lock(hashtext('trading_ops.statement'), hashtext(asked_portfolio_id));
    select statement_id into known_id
    from desk.statements
    where portfolio_id = asked_portfolio_id and file_sha256 = request ->> 'file_sha256';
    if found then
        return known_id;
    end if;
    objection := desk.statement_objection(request);
    if objection is not null then
        raise exception '%', objection using errcode = 'check_violation', constraint = 'statement_of_this_book';
    end if;

    with handed_in as materialized (
        select
            asked_portfolio_id as portfolio_id, handed.*,
            encode(sha256(convert_to((handed.value - 'row_number')::text, 'UTF8')), 'hex') as content_sha256
        from rows from (
            jsonb_array_elements(request -> 'rows'),
            jsonb_to_recordset(request -> 'rows') as (
                sheet text, row_number integer, kind text, position_id text, happened_at timestamptz, occurrence integer,
                paper text, asset text, leverage numeric, is_short boolean, isin text, amount numeric, cash_delta numeric,
                equity_delta numeric, balance numeric, units numeric, opened_at timestamptz, open_rate numeric,
                close_rate numeric, withheld numeric, split_to numeric, split_of numeric, raw_cells jsonb
            )
        ) as handed
    ),

    written as (
        insert into desk.statement_rows (
            portfolio_id, sheet, kind, position_id, happened_at, occurrence, content_sha256, paper, asset, leverage,
            is_short, isin, amount, cash_delta, equity_delta, balance, units, opened_at, open_rate, close_rate, withheld,
            split_to, split_of, raw_cells
        )
        select
            portfolio_id, sheet, kind, position_id, happened_at, occurrence, content_sha256, paper, asset, leverage,
            is_short, isin, amount, cash_delta, equity_delta, balance, units, opened_at, open_rate, close_rate, withheld,
            split_to, split_of, raw_cells
        from handed_in
        on conflict do nothing
        returning statement_row_id, content_sha256
    ),

    statement as (
        insert into desk.statements (
            portfolio_id, file_sha256, account_name, username, currency, made_at, starts_at, ends_at, rows_count,
            rows_new_count, person
        )
        select
            asked_portfolio_id, request ->> 'file_sha256', request ->> 'account_name', request ->> 'username',
            request ->> 'currency', (request ->> 'made_at')::timestamptz, (request ->> 'starts_at')::timestamptz,
            (request ->> 'ends_at')::timestamptz, jsonb_array_length(request -> 'rows'), (select count(*) from written),
            request ->> 'person'
        returning statement_id, rows_new_count
    ),

    -- Those that were there, and those that are written in this statement and not seen by it.
    known as (
        select statement_row_id, content_sha256 from written
        union all
        select known.statement_row_id, known.content_sha256
        from desk.statement_rows as known
        inner join handed_in
            on known.portfolio_id = handed_in.portfolio_id and known.content_sha256 = handed_in.content_sha256
    ),

    contents as (
        insert into desk.statement_contents (statement_id, sheet, row_number, statement_row_id)
        select statement.statement_id, handed_in.sheet, handed_in.row_number, known.statement_row_id
        from handed_in
        inner join known on known.content_sha256 = handed_in.content_sha256
        cross join statement
    )

    select statement_id, rows_new_count into new_statement_id, new_count from statement;

    perform desk.audit(
        request ->> 'person', 'record_statement', format('statement/%s', new_statement_id),
        (request - 'rows') || jsonb_build_object('rows_new_count', new_count)
    );
    return new_statement_id;
end
$$;
comment on function desk.record_statement(jsonb) is
    'Keeps an account statement whole, once per file, and returns its number. It books nothing.';

-- What a paper may be called: by the broker NVDA/USD, JD.US/USD, NVIDIA Corporation or NVIDIA (NVDA), by the desk NVDA.
create function desk.names_of(said text) returns text[]
language sql immutable
set search_path = pg_catalog
return array(
    select distinct name
    from unnest(array[
        upper(trim(said)), upper(trim(split_part(said, '/', 1))), upper(regexp_replace(said, '(\.US)?/.*$', '')),
        upper(substring(said from '\(([^()]+)\)\s*$')), upper(trim(regexp_replace(said, '\([^()]*\)\s*$', '')))
    ]) as name
    where name <> ''
);

create view desk.statement_ledger as
select distinct on (
    told.portfolio_id, told.sheet, told.kind, told.position_id, told.happened_at, told.occurrence
)
    told.portfolio_id, told.sheet, told.kind, told.position_id, told.happened_at, told.occurrence, told.paper, told.asset,
    told.leverage, told.is_short, told.isin, case when told.kind <> 'opened' then told.amount end as amount,
    -- A step that one statement measured holds for the row in every other; the first row of one is measured from the last
    -- one of the statement that it follows without a gap.
    coalesce(
        told.cash_delta, max(told.cash_delta) over same_row,
        case when told.kind = 'opened' then told.balance - earlier.balance end, -told.amount
    ) as cash_delta,
    told.equity_delta, told.balance, told.units, told.opened_at, told.open_rate, told.close_rate, told.withheld,
    told.split_to, told.split_of, told.statement_row_id, said.first_recorded_at
from desk.statement_rows as told
inner join (
    select
        content.statement_row_id, max(statement.made_at) as last_made_at, min(statement.recorded_at) as first_recorded_at,
        max(statement.starts_at) as last_starts_at
    from desk.statement_contents as content
    inner join desk.statements as statement on statement.statement_id = content.statement_id
    group by content.statement_row_id
) as said on said.statement_row_id = told.statement_row_id
left join lateral (
    select before.balance
    from desk.statements as statement
    inner join desk.statement_contents as content on content.statement_id = statement.statement_id
    inner join desk.statement_rows as before on before.statement_row_id = content.statement_row_id
    where told.cash_delta is null
        and told.kind = 'opened'
        and statement.portfolio_id = told.portfolio_id
        and statement.ends_at >= said.last_starts_at - interval '1 day'
        and before.sheet = 'activity'
        and before.happened_at < told.happened_at
    order by before.happened_at desc, content.row_number desc
    limit 1
) as earlier on true
window same_row as (
    partition by told.portfolio_id, told.sheet, told.kind, told.position_id, told.happened_at, told.occurrence
)
order by
    told.portfolio_id, told.sheet, told.kind, told.position_id, told.happened_at, told.occurrence,
    said.last_made_at desc, told.content_sha256;
comment on view desk.statement_ledger is
    'What the broker booked, each row once, as the newest statement words it: the same from statements in any order.';

-- A part that was closed has a number of its own. It belongs to what was opened of the same paper in the same second,
-- and so does everything else that was: nothing tells their parts apart.
create view desk.statement_trades as
with opened as (
    select
        ledger.*,
        min(position_id) over (partition by portfolio_id, paper, happened_at) as family_id
    from desk.statement_ledger as ledger
    where sheet = 'activity' and kind in ('opened', 'airdrop', 'staking')
),

ended as (
    select
        activity.portfolio_id, activity.position_id, activity.happened_at, activity.paper, activity.asset,
        activity.cash_delta, activity.leverage, activity.first_recorded_at, closed.paper as instrument, closed.units,
        closed.opened_at, closed.asset as closed_asset, closed.leverage as closed_leverage, closed.is_short
    from desk.statement_ledger as activity
    inner join desk.statement_ledger as closed
        on closed.portfolio_id = activity.portfolio_id and closed.sheet = 'closed'
        and closed.position_id = activity.position_id
    where activity.sheet = 'activity' and activity.kind = 'closed'
)

select
    opened.portfolio_id, opened.family_id, opened.position_id, opened.kind, 'BUY' as side, opened.happened_at, opened.paper,
    desk.names_of(opened.paper) || desk.names_of(coalesce(own.instrument, '')) as names,
    opened.units, -opened.cash_delta as value,
    opened.asset in ('stock', 'etf') and opened.leverage = 1 and own.is_short is not true
        and coalesce(own.closed_leverage, 1) = 1 as is_underlying,
    false as is_part, opened.first_recorded_at
from opened
left join ended as own on own.portfolio_id = opened.portfolio_id and own.position_id = opened.position_id
union all
select
    ended.portfolio_id,
    coalesce(own.family_id, near.family_id, min(ended.position_id) over (
        partition by ended.portfolio_id, ended.paper, ended.opened_at
    )),
    ended.position_id, 'closed', 'SELL', ended.happened_at, ended.paper,
    desk.names_of(ended.paper) || desk.names_of(ended.instrument), ended.units, ended.cash_delta,
    ended.asset in ('stock', 'etf') and ended.closed_asset in ('stock', 'etf') and ended.closed_leverage = 1
        and not ended.is_short,
    own.position_id is null, ended.first_recorded_at
from ended
left join opened as own on own.portfolio_id = ended.portfolio_id and own.position_id = ended.position_id
left join lateral (
    select opened.family_id
    from opened
    where own.position_id is null
        and opened.portfolio_id = ended.portfolio_id and opened.paper = ended.paper
        and opened.happened_at between ended.opened_at - interval '1 second' and ended.opened_at + interval '1 second'
    order by opened.happened_at <> ended.opened_at, opened.position_id
    limit 1
) as near on true;
comment on view desk.statement_trades is
    'What was opened and closed: units of a close from the closed positions, money from the step of the balance.';

create view desk.statement_families as
with trades as materialized (
    select * from desk.statement_trades
),

splits as (
    -- Each position of a family has a row of its own for the same split.
    select distinct on (trade.portfolio_id, trade.family_id, (split.happened_at at time zone 'UTC')::date, split.split_to, split.split_of)
        trade.portfolio_id, trade.family_id, split.happened_at, split.split_to / split.split_of as factor
    from desk.statement_ledger as split
    inner join trades as trade on trade.portfolio_id = split.portfolio_id and trade.position_id = split.position_id
    where split.kind = 'split'
    order by
        trade.portfolio_id, trade.family_id, (split.happened_at at time zone 'UTC')::date, split.split_to, split.split_of, split.happened_at
),

counted as (
    select
        trade.*,
        trade.units * coalesce((
            select desk.product(splits.factor)
            from splits
            where splits.portfolio_id = trade.portfolio_id and splits.family_id = trade.family_id
                and splits.happened_at > trade.happened_at
        ), 1) as units_now
    from trades as trade
),

families as (
    select
        portfolio_id, family_id, min(paper) as paper, bool_and(is_underlying) as is_underlying,
        sum(units_now) filter (where side = 'BUY') as opened_units,
        coalesce(sum(units_now) filter (where side = 'SELL'), 0) as closed_units,
        count(*) filter (where side = 'SELL') as closes_count,
        count(*) filter (where is_part) as parts_count,
        sum(value) filter (where side = 'BUY') as cost, coalesce(sum(value) filter (where side = 'SELL'), 0) as proceeds,
        -- Every number that was opened is closed: then nothing is left.
        count(distinct position_id) filter (where side = 'BUY') > 0
            and count(distinct position_id) = count(distinct position_id) filter (where side = 'SELL') as is_closed,
        -- After a split the broker rounds the last decimal it shows.
        (select count(*) from splits where splits.portfolio_id = counted.portfolio_id and splits.family_id = counted.family_id)
            * 0.000001 as rounding_units
    from counted
    group by portfolio_id, family_id
)

select
    portfolio_id, family_id, paper, is_underlying, opened_units, closed_units, closes_count, parts_count, cost, proceeds,
    is_closed,
    -- Unknown of a position that was opened before the first statement.
    case
        when is_closed then abs(opened_units - closed_units) <= rounding_units
        else closed_units <= opened_units + rounding_units
    end as is_conserved
from families;
comment on view desk.statement_families is
    'Positions with all their parts, in units of today: what was opened is what was closed and what is left.';

-- What the newest word on each line of a ticket says of it, and until when an execution belongs to it: up to the next
-- orders of its book.
create view desk.line_claims as
with ended as (
    select
        ticket_id, portfolio_id, run_id, window_open_at, window_close_at, issued_at,
        lead(issued_at) over (partition by portfolio_id order by issued_at, ticket_id) as next_issued_at
    from desk.tickets
    where kind = 'TRADE'
),

words as (
    select distinct on (ticket_id, line_number) ticket_id, line_number, confirmation_id, status
    from desk.confirmations
    order by ticket_id, line_number, version_number desc
),

fills as (
    select
        confirmation_id, sum(units) as units, sum(value_gbp) as value_gbp, sum(fee_gbp) as fee_gbp,
        sum(units * price_usd) as value_usd, max(executed_at) as executed_at,
        -- A price is known to half of its last decimal.
        sum(units * 0.5 * 10::numeric ^ -scale(price_usd)) as value_usd_rounding
    from desk.ledger_trades_fills
    where reverses_fill_id is null
    group by confirmation_id
)

select
    line.ticket_id, line.line_number, ticket.portfolio_id, ticket.run_id, intended.internal_symbol, intended.side,
    ticket.window_open_at, ticket.window_close_at, ticket.issued_at, ticket.next_issued_at, words.status,
    desk.names_of(intended.internal_symbol) || desk.names_of(line.etoro_search_name) || desk.names_of(named.vendor_symbol)
        as names,
    coalesce(fills.units, 0) as units, fills.value_gbp, fills.fee_gbp, fills.value_usd, fills.value_usd_rounding,
    greatest(ticket.window_close_at, fills.executed_at) as over_at
from desk.ticket_lines as line
inner join ended as ticket on ticket.ticket_id = line.ticket_id
inner join desk.ledger_trades_intended as intended
    on intended.run_id = line.run_id and intended.line_number = line.line_number
inner join desk.runs as run on run.run_id = line.run_id
left join desk.config_universe as named
    on named.universe_hash = run.universe_hash and named.internal_symbol = intended.internal_symbol
left join words on words.ticket_id = line.ticket_id and words.line_number = line.line_number
left join fills on fills.confirmation_id = words.confirmation_id;
comment on view desk.line_claims is 'What people said of each line, and when an execution counts as one of it.';

-- What the broker booked of each line. What is not the paper itself, a CFD, short or leveraged, is counted apart.
create view desk.line_executions as
select
    claim.ticket_id, claim.line_number, trade.portfolio_id, trade.family_id, trade.position_id, trade.kind, trade.side,
    trade.happened_at, trade.units, trade.value, trade.is_underlying, trade.paper, trade.first_recorded_at,
    coalesce((
        select -sum(fee.cash_delta)
        from desk.statement_ledger as fee
        where fee.portfolio_id = trade.portfolio_id and fee.position_id = trade.position_id
            and fee.kind in ('commission', 'stamp_duty')
            and fee.happened_at between trade.happened_at - interval '1 minute' and trade.happened_at + interval '1 minute'
    ), 0) as fee
from desk.line_claims as claim
inner join desk.statement_trades as trade
    on trade.portfolio_id = claim.portfolio_id
    and trade.kind in ('opened', 'closed')
    and (trade.side = claim.side or not trade.is_underlying)
    and trade.names && claim.names
    and trade.happened_at >= claim.issued_at
    and (claim.next_issued_at is null or trade.happened_at < claim.next_issued_at);
comment on view desk.line_executions is 'Which trades of the statements belong to which line, by paper, side and time.';

create view desk.line_proofs as
with accounts as (
    select
        portfolio_id, min(currency) as currency,
        -- A statement that was made before its period was over knows nothing of the rest.
        range_agg(tstzrange(starts_at, greatest(starts_at, least(ends_at + interval '1 second', made_at)), '[]')) as told
    from desk.statements
    group by portfolio_id
),

executed as (
    select
        execution.ticket_id, execution.line_number,
        count(*) filter (where execution.is_underlying) as trades_count,
        count(*) filter (where not execution.is_underlying) as apart_count,
        coalesce(sum(execution.units) filter (where execution.is_underlying), 0) as units,
        sum(execution.value) filter (where execution.is_underlying) as value,
        sum(execution.fee) filter (where execution.is_underlying) as fee,
        array_agg(distinct execution.family_id) filter (where family.is_conserved is false) as broken_families,
        min(execution.first_recorded_at) as first_recorded_at
    from desk.line_executions as execution
    left join desk.statement_families as family
        on family.portfolio_id = execution.portfolio_id and family.family_id = execution.family_id
    group by execution.ticket_id, execution.line_number
),

compared as (
    select
        claim.*, book.base_currency, account.currency,
        coalesce(account.told @> tstzrange(claim.window_open_at, claim.over_at, '[]'), false) as is_told,
        coalesce(executed.trades_count, 0) as trades_count, coalesce(executed.apart_count, 0) as apart_count,
        coalesce(executed.units, 0) as told_units, executed.broken_families, executed.first_recorded_at,
        case when account.currency = book.base_currency
            then claim.value_gbp + case claim.side when 'BUY' then claim.fee_gbp else -claim.fee_gbp end
            else claim.value_usd
        end as value,
        case when account.currency = book.base_currency
            then executed.value + case claim.side when 'BUY' then executed.fee else -executed.fee end
            else executed.value
        end as told_value,
        units_max.limit_value as units_tolerance,
        -- Pounds are compared to the penny; dollars as exactly as units and price were told.
        case when account.currency = book.base_currency
            then 0
            else claim.value_usd_rounding + 0.01 + units_max.limit_value * claim.value_usd / nullif(claim.units, 0)
        end as value_tolerance
    from desk.line_claims as claim
    inner join desk.portfolios as book on book.portfolio_id = claim.portfolio_id
    inner join desk.runs as run on run.run_id = claim.run_id
    left join desk.policy_limits as units_max
        on units_max.policy_hash = run.policy_hash and units_max.limit_name = 'reconciliation.position_drift_units_max'
    left join accounts as account on account.portfolio_id = claim.portfolio_id
    left join executed on executed.ticket_id = claim.ticket_id and executed.line_number = claim.line_number
),

disputed as (
    select
        *,
        case
            when apart_count > 0
                then 'eToro booked a CFD, a short or a leveraged position, and not the stock itself'
            when status is null and trades_count > 0 then 'eToro booked it, and nobody confirmed it'
            when status is null or not is_told then null
            when status in ('SKIPPED', 'FAILED') and trades_count > 0
                then format('eToro booked it, and it was confirmed as %s', status)
            when status in ('SKIPPED', 'FAILED') then null
            when trades_count = 0 then 'the statement has no such trade'
            when (abs(told_units - units) <= units_tolerance) is not true then 'the units differ'
            when (abs(told_value - value) <= value_tolerance) is not true then 'the money differs'
            when broken_families is not null then format(
                'position %s: its parts are not what was opened', array_to_string(broken_families, ', ')
            )
        end as dispute
    from compared
)

select
    portfolio_id, ticket_id, line_number, internal_symbol, side, status, currency,
    case
        when dispute is not null then 'DISPUTED'
        when status is null then 'INTENDED'
        when not is_told then 'CLAIMED'
        else 'PROVEN'
    end as proof,
    dispute, units as claimed_units, told_units, told_units - units as units_difference,
    value as claimed_value, told_value, coalesce(told_value, 0) - coalesce(value, 0) as value_difference,
    window_close_at, first_recorded_at
from disputed;
comment on view desk.line_proofs is
    'Each ticket line: INTENDED, CLAIMED by a confirmation, PROVEN by a statement, or DISPUTED with the difference.';

-- What the statements have and the book has not. It is shown and not booked. The first of two alike is booked by the first
-- of two alike.
create view desk.statement_unbooked as
with entries as materialized (
    select
        entry.*, case entry.kind when 'fx_conversion' then 'fee' else entry.kind end as paid_as,
        (entry.happened_at at time zone 'Europe/London')::date as happened_date,
        desk.names_of(entry.internal_symbol) as names
    from desk.entries as entry
    where not entry.is_taken_back
),

accounts as (
    select
        book.portfolio_id, min(statement.currency) = book.base_currency as is_in_base_currency,
        (select min(entry.happened_at) from entries as entry where entry.portfolio_id = book.portfolio_id) as begun_at
    from desk.portfolios as book
    inner join desk.statements as statement on statement.portfolio_id = book.portfolio_id
    group by book.portfolio_id, book.base_currency
),

-- Money, by kind, day and amount; of an account in another currency than the book by kind and day.
paid as (
    select
        ledger.*, (ledger.happened_at at time zone 'Europe/London')::date as happened_date,
        case when account.is_in_base_currency then ledger.cash_delta end as compared_amount,
        case
            when ledger.kind in ('deposit', 'withdrawal', 'dividend', 'interest') then ledger.kind
            when ledger.kind = 'adjustment' then 'correction'
            else 'fee'
        end as entry_kind
    from desk.statement_ledger as ledger
    inner join accounts as account on account.portfolio_id = ledger.portfolio_id
    where ledger.sheet = 'activity'
        and ledger.kind not in ('opened', 'closed', 'airdrop', 'staking', 'split')
        and ledger.cash_delta <> 0
        -- The fees of a line are part of what its confirmation says.
        and not exists (
            select from desk.line_executions as execution
            where execution.portfolio_id = ledger.portfolio_id and execution.position_id = ledger.position_id
                and ledger.kind in ('commission', 'stamp_duty')
        )
),

paid_in_order as (
    select paid.*, row_number() over (
        partition by portfolio_id, entry_kind, happened_date, compared_amount
        order by happened_at, position_id, occurrence
    ) as place
    from paid
),

moved_in_order as (
    select
        entry.portfolio_id, entry.paid_as, entry.happened_date,
        case when account.is_in_base_currency then entry.cash_delta_gbp end as compared_amount,
        row_number() over (
            partition by entry.portfolio_id, entry.paid_as, entry.happened_date,
                case when account.is_in_base_currency then entry.cash_delta_gbp end
            order by entry.happened_at, entry.entry_id
        ) as place
    from entries as entry
    inner join accounts as account on account.portfolio_id = entry.portfolio_id
    where entry.cash_delta_gbp <> 0
),

-- Units, by paper, day and count.
traded as (
    select
        trade.*, (trade.happened_at at time zone 'Europe/London')::date as happened_date,
        case trade.side when 'BUY' then trade.units else -trade.units end as units_delta
    from desk.statement_trades as trade
    where not exists (
        select from desk.line_executions as execution
        where execution.portfolio_id = trade.portfolio_id and execution.position_id = trade.position_id
            and execution.kind = trade.kind
    )
),

traded_in_order as (
    select traded.*, row_number() over (
        partition by portfolio_id, paper, happened_date, round(units_delta, 4) order by happened_at, position_id
    ) as place
    from traded
),

booked_in_order as (
    select entry.*, row_number() over (
        partition by entry.portfolio_id, entry.internal_symbol, entry.happened_date, round(entry.units_delta, 4)
        order by entry.happened_at, entry.entry_id
    ) as place
    from entries as entry
    where entry.kind in ('trade', 'air_drop') and entry.units_delta <> 0
),

found as (
    select
        portfolio_id, kind, position_id, happened_at, paper, null::numeric as units, cash_delta as amount,
        true as is_underlying
    from paid_in_order as paid
    where not exists (
        select from moved_in_order as moved
        where moved.portfolio_id = paid.portfolio_id and moved.paid_as = paid.entry_kind
            and moved.happened_date = paid.happened_date and moved.place = paid.place
            and moved.compared_amount is not distinct from paid.compared_amount
    )
    union all
    select split.portfolio_id, split.kind, split.position_id, split.happened_at, split.paper, null, 0, true
    from desk.statement_ledger as split
    where split.kind = 'split'
        and not exists (
            select from entries as entry
            where entry.portfolio_id = split.portfolio_id and entry.kind = 'split'
                and entry.names && desk.names_of(split.paper)
                and entry.happened_at between split.happened_at - interval '5 days' and split.happened_at + interval '5 days'
        )
    union all
    select
        trade.portfolio_id, trade.kind, trade.position_id, trade.happened_at, trade.paper, trade.units,
        case trade.side when 'BUY' then -trade.value else trade.value end, trade.is_underlying
    from traded_in_order as trade
    where not trade.is_underlying or not exists (
        select from booked_in_order as booked
        where booked.portfolio_id = trade.portfolio_id and booked.names && trade.names
            and booked.happened_date = trade.happened_date and booked.place = trade.place
            and round(booked.units_delta, 4) = round(trade.units_delta, 4)
    )
)

select found.*
from found
inner join accounts as account on account.portfolio_id = found.portfolio_id
where found.happened_at >= coalesce(account.begun_at, '-infinity');
comment on view desk.statement_unbooked is
    'Rows of the statements that the book lacks: dividends, fees, trades of no ticket. A person decides what becomes of each.';

revoke all on function desk.statement_objection(jsonb), desk.record_statement(jsonb),
    desk.names_of(text), desk.product(numeric) from public;
grant execute on function desk.record_statement(jsonb) to desk_app, desk_planner;
grant execute on function desk.names_of(text), desk.product(numeric) to desk_app, desk_planner, desk_reader;
grant select on desk.statements, desk.statement_rows, desk.statement_contents
    to desk_app, desk_planner, desk_reader, desk_backup;
grant select on desk.statement_ledger, desk.statement_trades, desk.statement_families, desk.line_claims,
    desk.line_executions, desk.line_proofs, desk.statement_unbooked to desk_app, desk_planner, desk_reader;

-- As before; a doubted split is over once an operator settled it or its vendor says otherwise, a dividend once it is booked or a
-- year old, a disputed line once statement and confirmation agree.
create or replace function desk.is_incident_over(told_incident_id bigint) returns boolean
language sql stable security definer
set search_path = pg_catalog, desk, pg_temp
begin atomic
    with told as (
        select
            incident.code, incident.created_at, run.portfolio_id, run.kind as run_kind,
            split_part(incident.dedupe_key, ':', 2) as subject,
            substr(incident.dedupe_key, length(incident.code) + 2) as subjects
        from desk.incidents as incident
        left join desk.runs as run on run.run_id = incident.run_id
        where incident.incident_id = told_incident_id
    ),

    passed as (
        select told.code, result.gate
        from told
        inner join desk.gate_results as result on result.status = 'PASS' and result.created_at > told.created_at
        inner join desk.runs as run
            on run.run_id = result.run_id and run.portfolio_id = coalesce(told.portfolio_id, run.portfolio_id)
    ),

    -- Later tickets of the portfolio, with the kinds of causes they name.
    ticketed as (
        select ticket.ticket_id, ticket.reasons
        from told
        inner join desk.tickets as ticket
            on ticket.portfolio_id = told.portfolio_id and ticket.issued_at > told.created_at
    ),

    -- Without a portfolio nobody can say what is owed.
    owed as (
        select owed.step from told cross join lateral desk.owed(told.portfolio_id) as owed
        union all
        select 'confirm' from told where told.portfolio_id is null
    ),

    lately as (
        select later.incident_id
        from told
        inner join desk.incidents as later on later.code = told.code
        where later.created_at > desk.now() - interval '1 day'
    )

    select case told.code
        when 'STEP_FAILED' then
            exists (select from desk.heartbeats where component = told.subject and beat_at > told.created_at)
            or told.run_kind = 'plan'
            and exists (select from ticketed where not reasons @> '[{"source": "step"}]')
        when 'RUN_LATE' then
            exists (select from desk.heartbeats where component = told.subject and beat_at > told.created_at)
        when 'DATA_STALE' then exists (select from passed where gate = 'data_quality')
        when 'VENDOR_OUTAGE' then exists (select from passed where gate = 'data_quality')
        when 'RISK_BLOCKED' then exists (select from passed where gate = 'risk')
        when 'DRAWDOWN_LIMIT' then exists (select from passed where gate = 'risk')
        when 'WINDOW_MISSED' then exists (select from ticketed where not reasons @> '[{"source": "window"}]')
        when 'CONFIRMATION_MISSING' then not exists (select from owed where step = 'confirm')
        when 'SNAPSHOT_MISSING' then not exists (select from owed where step in ('confirm', 'snapshot'))
        when 'RECONCILIATION_DRIFT' then
            not exists (select from owed where step in ('confirm', 'snapshot', 'reconcile'))
        when 'KILL_SWITCH' then
            exists (select from desk.halts where kind = 'release' and halt_id > told.subject::bigint)
        when 'SPLIT_DOUBTED' then (
            select finding.belief <> 'doubted'
            from desk.split_findings as finding
            where finding.portfolio_id = told.subject
                and format('%s:%s', finding.internal_symbol, finding.ex_date)
                    = substr(told.subjects, length(told.subject) + 2)
            order by finding.person is null, finding.finding_id desc
            limit 1
        )
        when 'STATEMENT_DISPUTED' then not exists (
            select from desk.line_proofs as line
            where line.portfolio_id = told.subject
                and line.proof = 'DISPUTED'
                and format('%s:%s', line.ticket_id, line.line_number) = substr(told.subjects, length(told.subject) + 2)
        )
        when 'DIVIDEND_OVERDUE' then not exists (
            select from desk.expected_dividends(told.subject) as due
            where due.is_overdue
                and format('%s:%s', due.symbol, due.ex_date) = substr(told.subjects, length(told.subject) + 2)
        )
        when 'NO_TICKET' then exists (
            select from desk.tickets
            where portfolio_id = told.subject and plan_week = split_part(told.subjects, ':', 2)
        )
        when 'REPORT_MISSING' then
            exists (select from desk.outbox where dedupe_key = 'daily_report:' || told.subjects)
        when 'SOURCE_BLOCKED' then exists (
            select from raw.load_results
            where source = told.subject
                and outcome in ('stored', 'restated', 'unchanged')
                and created_at > told.created_at
        )
        when 'SYMBOL_DISABLED' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key = told.subjects and later.is_enabled
        )
        -- What comes and goes is over once it has stayed away for a day.
        when 'COMPONENT_DOWN' then not exists (select from lately)
        when 'DISK_LOW' then not exists (select from lately)
        when 'DATABASE_SLOW' then not exists (select from lately)
        when 'UNTRADABLE_SYMBOL' then exists (
            select from desk.symbol_switches as disabled
            inner join desk.symbol_switches as later
                on later.internal_symbol = disabled.internal_symbol and later.switch_id > disabled.switch_id
            where disabled.dedupe_key in (told.subjects, 'UNTRADABLE:' || told.subject) and later.is_enabled
        )
        when 'MAIL_WAITING' then not exists (
            select from desk.waiting_mails where not is_held and created_at <= told.created_at
        )
        when 'DAG_PAUSED' then not desk.is_dag_paused(told.subject)
        when 'MAIL_REFUSED' then exists (
            select from desk.outbox as refused
            inner join desk.outbox as later on later.recipient = refused.recipient
            inner join desk.outbox_deliveries as delivery on delivery.mail_id = later.mail_id
            where refused.mail_id = told.subject::bigint
                and delivery.status = 'sent'
                and delivery.created_at > told.created_at
        )
        else false
    end
    from told;
end;
