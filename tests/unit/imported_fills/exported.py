"""Exports as Hummingbot writes them: its CSV, and its SQLite file of each version."""

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

FEE = '{"fee_type": "AddedToCost", "percent": "0", "percent_token": null, "flat_fees": []}'
# The columns of the CSV of 2022, in its order.
ROW = {
    "exchange_trade_id": "1", "config_file_path": "conf.yml", "strategy": "pure_market_making",
    "market": "binance", "symbol": "EDG-BTC", "base_asset": "EDG", "quote_asset": "BTC",
    "timestamp": "1664101285000", "order_id": "o1", "trade_type": "BUY", "order_type": "LIMIT_MAKER",
    "price": "2.98E-8", "amount": "1500.00000000", "leverage": "1", "trade_fee": FEE, "position": "NIL", "age": "n/a",
}  # fmt: skip
# How TradeFill declares price and amount: since 2022, brought over from before, and before.
BIGINT, BROUGHT_OVER, FLOAT = ("BIGINT", "BIGINT"), ("BIGINT", "FLOAT"), ("FLOAT", "FLOAT")


def csv_text(*rows: dict[str, str]) -> str:
    """Return a CSV with the columns of its first row, each row ROW with some of it changed."""
    whole = [ROW | row for row in rows]
    written = io.StringIO()
    writer = csv.DictWriter(written, list(whole[0]))
    writer.writeheader()
    writer.writerows(whole)
    return written.getvalue()


def write_csv(path: Path, *rows: dict[str, str]) -> Path:
    """Write such a CSV and return its path."""
    path.write_text(csv_text(*rows))
    return path


def write_sqlite(path: Path, *rows: dict, declared: tuple[str, str] = BIGINT, without: str = "") -> Path:
    """Write a SQLite file of a version, price and amount as they would stand there; return its path."""
    columns = [name for name in ROW if name not in ("age", without)]
    kinds = {"price": declared[0], "amount": declared[1], "timestamp": "BIGINT", "leverage": "INTEGER"}
    with closing(sqlite3.connect(path)) as connection, connection:
        declarations = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in columns)
        connection.execute(f"create table TradeFill ({declarations})")
        for row in rows:
            whole = ROW | row
            marks = ", ".join("?" * len(columns))
            connection.execute(f"insert into TradeFill values ({marks})", [whole[name] for name in columns])
    return path
