"""
dbt with the project parsed once instead of once per run; runs under dbt's own Python.

    python warm_dbt.py <warm target folder> <dbt arguments>

dbt throws its saved parse away whenever a variable changes, and every run has another run_id. So
the project is parsed without variables, from the saved parse and only what changed since, and
the build gets that parse. No model reads a variable while it is parsed, only when it is compiled.
"""

import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

PLACES = ("--project-dir", "--profiles-dir")


def main(warm_folder: str, arguments: list[str]) -> int:
    """Run dbt and return its exit code; a parse that fails is left to dbt itself to explain."""
    Path(warm_folder).mkdir(parents=True, exist_ok=True)
    places = [part for place in PLACES for part in (place, arguments[arguments.index(place) + 1])]
    parsing = ["--quiet", "parse", *places, "--target-path", warm_folder, "--log-path", warm_folder]
    parsed = dbtRunner().invoke(parsing)
    manifest = parsed.result if parsed.success else None
    done = dbtRunner(manifest=manifest).invoke(arguments)
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
