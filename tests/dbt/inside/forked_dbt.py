"""
Run under dbt's Python: dbt is imported once for all tests, and each call is a fork of this process.

    python -I forked_dbt.py <path of warm_dbt.py>

Takes {"arguments": of warm_dbt.py, "environ", "output": path} as JSON per line of stdin, answers with the exit code.
"""

import importlib.util
import json
import os
import sys
import traceback

_spec = importlib.util.spec_from_file_location("warm_dbt", sys.argv[1])
warm_dbt = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(warm_dbt)


def call(arguments: list[str], environ: dict[str, str], output: str) -> int:
    """Call dbt with its output in a file and return the exit code."""
    os.environ.clear()
    os.environ.update(environ)
    with open(output, "wb", buffering=0) as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
    try:
        code = warm_dbt.main(arguments[0], arguments[1:])
    except BaseException:
        traceback.print_exc()
        code = 2
    sys.stdout.flush()
    sys.stderr.flush()
    return code


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os._exit(call(**json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
