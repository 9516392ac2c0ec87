"""
Run in the runner's environment: many commands in one process, since importing Qlib takes seconds.

Takes one command line as JSON per line of stdin and answers each with its exit code and stderr.
"""

import contextlib
import io
import json
import sys

from qlib_runner.__main__ import main

for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = main(json.loads(line))
    print(json.dumps([code, said.getvalue()]), flush=True)
