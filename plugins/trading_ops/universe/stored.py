"""
Universes in Postgres: stored once under their hash, read back as a run was frozen with them.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict

import psycopg

from trading_ops.db.connect import queries
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry


def store_universe(connection: psycopg.Connection, universe: "Universe") -> str:
    """Store a universe and its rows unless they are there, make it the active one, return its hash."""
    universe_hash = universe.universe_hash
    if queries.universe.store_universe_version(connection, universe_hash=universe_hash):
        key = {"universe_hash": universe_hash}
        queries.universe.store_universe_entries(connection, [key | asdict(row) for row in universe.entries])
        queries.universe.store_universe_aliases(connection, [key | asdict(row) for row in universe.aliases])
    queries.universe.activate_universe(connection, universe_hash=universe_hash)
    return universe_hash


def stored_universe(connection: psycopg.Connection, universe_hash: str) -> Universe:
    """Return a universe as a run was frozen with it."""
    entries = queries.universe.stored_universe_entries(connection, universe_hash=universe_hash)
    aliases = queries.universe.stored_aliases(connection, universe_hash=universe_hash)
    return Universe(tuple(UniverseEntry(**row) for row in entries), tuple(Alias(**row) for row in aliases))


def names_json(names: Iterable[Alias]) -> str:
    """Return dated names as the queries of universe.sql take them."""
    return json.dumps([asdict(name) for name in names], default=str)
