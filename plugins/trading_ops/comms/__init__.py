"""
Letters to the operator and the executor.

What is to be said is written into the outbox in the transaction that caused it; `mail` delivers
it later, at least once, always under the same Message-ID. Orders are never in a mail.
"""
