-- name: record(request)$
-- Keeps an account statement whole; the same file again gives the same number.
select desk.record_statement(:request);
