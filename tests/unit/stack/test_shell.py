"""Ctrl-C at a shell: one line, and no traceback."""

import os
import re
import signal
import subprocess
import sys

from trading_ops.settings import PROJECT_ROOT

PROGRAM = """
import sys, time
print(sys.argv[1:], flush=True)
time.sleep(60)
"""


def test_ctrl_c_ends_a_command_in_one_line(tmp_path):
    """By the signal, so that a loop of the shell ends as well."""
    (tmp_path / "program.py").write_text(PROGRAM)
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{PROJECT_ROOT / 'plugins'}"}
    command = [sys.executable, "-m", "trading_ops_stack.shell", "program", "--week", "2"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and these tests may be among that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:  # fmt: skip
        assert running.stdout.readline() == "['--week', '2']\n"
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert said == "\nstopped by Ctrl-C; the same command may be given again\n"
    assert running.returncode == -signal.SIGINT


def test_every_command_of_the_makefile_is_run_that_way():
    """But the tests' own runner, which says it itself."""
    lines = (PROJECT_ROOT / "Makefile").read_text().splitlines()
    commands = [line for line in lines if re.search(r"\$\((DESK_PYTHON|RUN)\)\"? (-m )?\S", line)]
    assert len(commands) > 15
    assert not [
        line
        for line in commands
        if "$(DESK_PYTHON)" in line and not re.search(r":=|pytest|pip|shell|\[ -x", line)
    ]
