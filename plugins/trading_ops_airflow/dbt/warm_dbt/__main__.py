"""
dbt, imported once and parsed once for many calls; runs under dbt's own Python.

    python -I warm_dbt call <warm target folder> <dbt arguments>
    python -I warm_dbt serve <warm target folder> <project folder> <socket>
"""

import sys
from pathlib import Path

from calls import call, distrust_clocks
from server import Server
from thrift import keep_templates

verb, *rest = sys.argv[1:]
distrust_clocks()
if verb == "serve":
    import dbt.cli.main  # noqa: F401  (what every call would pay for)

    keep_templates()
    Server(rest[0], rest[1]).serve(Path(rest[2]))
    sys.exit(0)
sys.exit(call(rest[0], rest[1:]))
