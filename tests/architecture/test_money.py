"""Money is counted in decimals, in Python and in Postgres."""

import re

from tests.architecture.modules import modules, tracked_files
from tests.architecture.test_imports import is_below
from trading_ops.settings import PROJECT_ROOT


def test_money_never_becomes_a_float():
    """No float() where money lives."""
    inside = [
        name
        for name in modules()
        if is_below(
            name,
            (
                "trading_ops.plan",
                "trading_ops.ledger",
                "trading_ops.imported_fills",
                "trading_ops.tax",
                "trading_ops.tickets",
                "trading_ops.statements",
                "trading_ops.reports",
                "trading_ops.wording",
                "confirm_app",
            ),
        )
    ]
    assert len(inside) > 20
    assert not {name for name in inside if re.search(r"\bfloat\(", modules()[name].read_text())}


# Floats that are no money, and why.
FLOATS_IN_SQL = {
    "dbt_project/models/intermediate/market/int_market__missing_splits.sql": "orders bars by size",
    "plugins/trading_ops/db/migrations/sql/0054_imported_fills.sql": "compares with what another program kept as one",
    "plugins/trading_ops/db/queries/bars.sql": "ratios of two versions of a price history",
}


def test_sql_never_makes_a_float():
    """No column of one and no cast to one, in migrations, queries and models: Postgres counts in numeric."""
    floats = re.compile(r"\b(?:double precision|float[48]?|real)\b", re.IGNORECASE)
    texts = {
        # Without comments and without words in quotes.
        name: re.sub(r"--.*|'[^'\n]*'?", "", (PROJECT_ROOT / name).read_text())
        for name in tracked_files()
        if name.endswith(".sql") and name.startswith(("plugins/trading_ops/db/", "dbt_project/"))
    }
    assert len(texts) > 150
    assert {name for name, text in texts.items() if floats.search(text)} == FLOATS_IN_SQL.keys()
