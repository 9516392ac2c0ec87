"""The key that signs session cookies: made once, readable by its owner only, shared by every worker."""

import os
import secrets
from pathlib import Path


def read_session_key(path: Path) -> bytes:
    """
    Return the key in the file, creating it (mode 0600) when there is none.

    Workers that start together agree on one key. Raises ValueError for a file too short to be a key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_hex(32))
        try:
            # A link appears complete or not at all, and only for the first worker.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise ValueError(f"{path} holds no session key: delete it and start the page again")
    return key
