-- name: enqueue_mail(dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)!
-- Puts a mail into the outbox once per dedupe_key.
insert into desk.outbox (dedupe_key, kind, ticket_id, recipient, subject, body_text, body_html, attachments)
values (:dedupe_key, :kind, :ticket_id, :recipient, :subject, :body_text, :body_html, :attachments)
on conflict (dedupe_key) do nothing;

-- name: pending_mails(attempts_max)
-- Mail not sent yet, oldest first. Mail of a TRADE ticket waits while the desk is halted.
select outbox.mail_id
from desk.outbox
left join desk.tickets as ticket on ticket.ticket_id = outbox.ticket_id
where not exists (
        select from desk.outbox_deliveries as delivery
        where delivery.mail_id = outbox.mail_id
            and (delivery.status = 'sent' or delivery.attempt_number >= :attempts_max)
    )
    and not (outbox.kind = 'ticket' and ticket.kind = 'TRADE' and desk.is_halted())
order by outbox.mail_id;

-- name: claim_mail(mail_id)$
-- Whether this transaction may send the mail: nobody else is at it.
select pg_try_advisory_xact_lock(hashtext('trading_ops.mail'), :mail_id::integer);

-- name: unsent_mail(mail_id)^
-- A mail with the number of its next attempt, or nothing when it has been sent after all. odd_in_body: what in a
-- ticket's text is not its rows'.
select
    outbox.*,
    case when outbox.kind = 'ticket' then desk.odd_in_body(outbox.ticket_id) end as odd_in_body,
    (select coalesce(max(attempt_number), 0) + 1 from desk.outbox_deliveries where mail_id = outbox.mail_id) as attempt_number
from desk.outbox
where outbox.mail_id = :mail_id
    and not exists (
        select from desk.outbox_deliveries as delivery where delivery.mail_id = outbox.mail_id and delivery.status = 'sent'
    );

-- name: record_delivery(mail_id, attempt_number, status, detail)!
-- Writes down how one attempt to send a mail ended.
insert into desk.outbox_deliveries (mail_id, attempt_number, status, detail)
values (:mail_id, :attempt_number, :status, :detail);
