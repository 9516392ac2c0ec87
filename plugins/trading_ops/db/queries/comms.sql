-- name: enqueue_mail(dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)!
-- Puts a mail into the outbox once per dedupe_key.
insert into desk.outbox (dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)
values (:dedupe_key, :kind, :ticket_id, :recipient, :subject, :body_text, :body_html, :attachments)
on conflict (dedupe_key) do nothing;

-- name: pending_mails()
-- Mail not sent and not given up yet, oldest first; without what a halt holds.
select mail_id from desk.waiting_mails where not is_held order by mail_id;

-- name: late_mails(waiting_since)^
-- What waits although it was written before an instant, unless an incident tells of it already: how many mails wait, since
-- when, the first of them and what kept one of them last.
select
    count(*) as mails_count, min(waiting.created_at) as since_at, min(waiting.mail_id) as first_mail_id,
    (array_agg(delivery.detail order by delivery.created_at desc nulls last, waiting.mail_id))[1] as said
from desk.waiting_mails as waiting
left join lateral (
    select detail, created_at from desk.outbox_deliveries
    where outbox_deliveries.mail_id = waiting.mail_id
    order by attempt_number desc
    limit 1
) as delivery on true
where not waiting.is_held
    and not exists (select from desk.open_incidents where code = 'MAIL_WAITING')
having min(waiting.created_at) <= :waiting_since
    and not exists (select from desk.incidents where dedupe_key = 'MAIL_WAITING:' || min(waiting.mail_id));

-- name: claim_mail(mail_id)$
-- Whether this transaction may send the mail: nobody else is at it.
select pg_try_advisory_xact_lock(hashtext('trading_ops.mail'), :mail_id::integer);

-- name: unsent_mail(mail_id)^
-- A mail with the number of its next attempt, or nothing when it has come to an end after all. odd_in_body: what in a
-- ticket's text is not its rows'.
select
    outbox.*,
    case when outbox.kind = 'ticket' then desk.odd_in_body(outbox.ticket_id) end as odd_in_body,
    (select coalesce(max(attempt_number), 0) + 1 from desk.outbox_deliveries where mail_id = outbox.mail_id) as attempt_number
from desk.outbox
where outbox.mail_id = :mail_id
    and not exists (
        select from desk.outbox_deliveries as delivery
        where delivery.mail_id = outbox.mail_id and delivery.status in ('sent', 'refused')
    );

-- name: record_delivery(mail_id, attempt_number, status, detail)!
-- Writes down how one attempt to send a mail ended.
insert into desk.outbox_deliveries (mail_id, attempt_number, status, detail)
values (:mail_id, :attempt_number, :status, :detail);

-- name: given_up()
-- Mail of the last week that nobody will get and no incident tells of: refused for good, or failed too often.
-- What tells of such a mail is not told of in its turn.
select outbox.mail_id, outbox.recipient, outbox.subject, last_try.detail
from desk.outbox
cross join lateral (
    select
        (array_agg(delivery.detail order by delivery.attempt_number desc))[1] as detail,
        bool_or(delivery.status = 'sent') as is_sent
    from desk.outbox_deliveries as delivery
    where delivery.mail_id = outbox.mail_id
) as last_try
where not exists (select from desk.waiting_mails as waiting where waiting.mail_id = outbox.mail_id)
    and not last_try.is_sent
    and outbox.created_at > desk.now() - interval '7 days'
    and not starts_with(outbox.dedupe_key, 'alert:MAIL_REFUSED:')
    and not exists (select from desk.incidents where incidents.dedupe_key = 'MAIL_REFUSED:' || outbox.mail_id)
order by outbox.mail_id;
