"""`make psql`: a prompt on the desk's database as desk_reader, which can change nothing."""

import os
import sys

import psycopg

from trading_ops.db.refusals import in_words
from trading_ops.ops.identity import identity
from trading_ops.settings import settings
from trading_ops_stack.postgres_programs import ClusterError, binaries_folder
from trading_ops_stack.stack import START_ERRORS


def main(arguments: list[str]) -> int:
    """Become psql; arguments go to it, such as `-c "select ..."`."""
    try:
        config = settings()
        print(identity(config), file=sys.stderr, flush=True)
        program = str(binaries_folder() / "psql")
    except psycopg.Error as error:
        print(f"make psql: {in_words(error, config)}", file=sys.stderr)
        return 1
    except (ClusterError, *START_ERRORS) as error:
        print(f"make psql: {error}", file=sys.stderr)
        return 1
    place = ["-h", config.db_host, "-p", str(config.db_port), "-U", "desk_reader", "-d", config.db_name]
    os.execve(program, [program, *place, *arguments], {**os.environ, "PGPASSFILE": str(config.pgpass)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
