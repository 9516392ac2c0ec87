-- name: now_at()$
-- The instant the desk believes it is.
select desk.now();

-- name: set_simulated_now(now_at)$
-- Moves a simulated database's clock; refused by a production one.
select desk.set_simulated_now(:now_at);
