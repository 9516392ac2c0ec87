"""
The schema is the sum of its migrations: Alembic keeps the order, plain SQL does the work.

Runs as desk_migrator, who becomes desk_owner for the time of the migration.
"""

from importlib.resources import files

from trading_ops.db.connect import conninfo
from trading_ops.settings import Settings, settings

_MIGRATIONS = files("trading_ops.db") / "migrations"


def migrate(config: Settings | None = None, revision: str = "head") -> None:
    """
    Bring the database to a revision, the newest one, and say, the first time, whether it is simulated.

    Raises RuntimeError, with nothing changed, when the database was initialised for the other environment: a
    production database never becomes a simulated one.
    """
    # Imported here: half a second for every process that only asks whether the database answers.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool, text

    config = config or settings()
    alembic = Config()
    alembic.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect_as_owner(config), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        found = _environment(connection)
        if found not in (None, config.environment):
            raise RuntimeError(
                f"database {config.db_name} is a {found} one, but TRADING_OPS_ENVIRONMENT is {config.environment}; "
                "use another TRADING_OPS_DB_NAME"
            )
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, revision)
        connection.commit()
        if found is None:
            connection.execute(
                text("select desk.initialise_instance(:environment)"), {"environment": config.environment}
            )
            connection.commit()


def _environment(connection) -> str | None:
    """Return what a database was initialised for, nothing before that."""
    ask = connection.exec_driver_sql
    is_there = ask("select to_regclass('desk.instance') is not null").scalar()
    found = ask("select environment from desk.instance").scalar() if is_there else None
    connection.rollback()
    return found


def connect_as_owner(config: Settings):
    """Open a psycopg connection as the migrator turned owner."""
    import psycopg

    connection = psycopg.connect(conninfo("desk_migrator", config))
    connection.execute("set role desk_owner")
    connection.commit()
    return connection


def run_sql_file(name: str) -> None:
    """Run one file of migrations/sql inside the current revision; called by the revisions."""
    from alembic import op

    # The driver's own cursor: SQLAlchemy would read ':name' in the SQL as a parameter.
    op.get_bind().connection.cursor().execute((_MIGRATIONS / "sql" / name).read_text())
