"""Run in the runner's environment: many commands in one process, since importing Qlib takes seconds."""

import contextlib
import io
import json
import sys

from qlib_runner.__main__ import main

for arguments in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = main(arguments)
    print(json.dumps([code, said.getvalue()]))
