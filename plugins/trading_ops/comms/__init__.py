"""
The post office: letters, the outbox, its delivery, and incidents with their alerts. It knows no ticket.

What is to be said is written into the outbox in the transaction that caused it; `mail` delivers
it later, at least once, always under the same Message-ID. Orders are never in a mail.
"""
