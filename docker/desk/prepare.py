"""
What the stack needs in its databases before its first service starts; running it again is safe.

    prepare.py migrate    the desk's schema, as its owner
    prepare.py airflow    Airflow's own database, its pools, and the two people of the confirm page
"""

import json
import subprocess
import sys
import tempfile

from trading_ops.settings import Settings, settings


def migrate_desk() -> None:
    """Bring the desk's schema to the newest revision."""
    from trading_ops.db.migrate import migrate

    migrate(settings())


def prepare_airflow(config: Settings) -> None:
    """Migrate Airflow's database and create what its first run would miss."""
    from trading_ops_stack.environment import POOLS
    from trading_ops_stack.people import add_people, found_book, told_once

    airflow = (sys.executable, "-m", "airflow")
    subprocess.run([*airflow, "db", "migrate"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as pools:
        entries = {
            name: {"slots": slots, "description": meaning, "include_deferred": False}
            for name, (slots, meaning) in POOLS.items()
        }
        json.dump(entries, pools)
        pools.flush()
        subprocess.run([*airflow, "pools", "import", pools.name], check=True)
    new_passwords = add_people(config)
    found_book(config)
    if config.environment == "production":
        print("\n".join(told_once(new_passwords)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        migrate_desk()
    elif sys.argv[1:] == ["airflow"]:
        prepare_airflow(settings())
    else:
        sys.exit(__doc__)
