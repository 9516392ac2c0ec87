"""The key a form is sent with: what was recorded under it once is never recorded again."""

import secrets


def new_key() -> str:
    """Return a one-time key for a form."""
    return secrets.token_urlsafe(18)
