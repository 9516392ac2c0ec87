"""One desk that a full build has run on, for every test that only reads it."""

import dataclasses
import subprocess

import pytest
from psycopg import sql

from tests.conftest import admin
from tests.dbt import small_desk
from trading_ops.settings import Settings


@dataclasses.dataclass(frozen=True)
class BuiltDesk:
    """A desk, what its full build printed, and the folder of its files."""

    desk: Settings
    build: subprocess.CompletedProcess
    target: object


@pytest.fixture(scope="session")
def built(cluster, tmp_path_factory) -> BuiltDesk:
    """A small desk after one `dbt build` of everything: models, unit tests, data tests."""
    desk = dataclasses.replace(cluster, db_name="desk_built")
    with admin(cluster) as connection:
        connection.execute(
            sql.SQL("create database {} template template_desk owner desk_owner").format(
                sql.Identifier(desk.db_name)
            )
        )
    small_desk.fill(desk)
    small_desk.add_clear_riskguard(desk, small_desk.RUN_ID)
    target = tmp_path_factory.mktemp("dbt")
    build = small_desk.run_dbt(desk, target, "build", run_id=small_desk.RUN_ID)
    yield BuiltDesk(desk, build, target)
    with admin(cluster) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(desk.db_name)))
