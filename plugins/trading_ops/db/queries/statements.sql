-- name: record(request)$
-- Keeps an account statement whole; the same file again gives the same number.
select desk.record_statement(:request);

-- name: first(portfolio_id)^
-- Whose the statements of a book are, and in which currency.
select username, currency
from desk.statements
where portfolio_id = :portfolio_id
order by statement_id
limit 1;

-- name: files(portfolio_id)
-- Which files of a book are kept already.
select file_sha256 from desk.statements where portfolio_id = :portfolio_id;

-- name: kept(portfolio_id)
-- The statements of a book, the newest period first.
select
    statement_id, account_name, username, currency, made_at, starts_at, ends_at, rows_count, rows_new_count, person,
    recorded_at
from desk.statements
where portfolio_id = :portfolio_id
order by ends_at desc, statement_id desc;

-- name: proofs(portfolio_id)
-- How many lines are how far proven.
select proof, count(*) as lines_count
from desk.line_proofs
where portfolio_id = :portfolio_id
group by proof
order by proof;

-- name: disputed(portfolio_id)
-- The lines that the statements dispute, the oldest first.
select
    ticket_id, line_number, internal_symbol, side, dispute, currency, claimed_units, told_units, value_difference,
    window_close_at
from desk.line_proofs
where portfolio_id = :portfolio_id and proof = 'DISPUTED'
order by window_close_at, ticket_id, line_number;

-- name: unbooked(portfolio_id)
-- What the statements have and the book has not, the newest first.
select kind, position_id, happened_at, paper, units, amount, is_underlying
from desk.statement_unbooked
where portfolio_id = :portfolio_id
order by happened_at desc, kind, position_id;
