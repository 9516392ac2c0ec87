"""A refusal by Postgres, told by the name of what refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """Expect a violation of this check; another refusal is not the one that is tested."""
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        yield
    assert refused.value.diag.constraint_name == constraint, refused.value
