"""What is typed beside `make run`, `day`, `demo` and `init` is looked at before anything is built."""

import os
import subprocess

import pytest

from trading_ops.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("target", "typed", "sentence"),
    [
        ("run", {}, "needs files: make run BARS=<folder, file or zip with end-of-day bars> "
                    "[ASOF=YYYY-MM-DD]"),
        ("run", {"BARS": "/no/such"}, "BARS=/no/such does not exist: name a folder, file or zip with "
                                      "end-of-day bars"),
        ("run", {"BARS": "/tmp", "ASOF": "20261120"}, "ASOF=20261120 is not a session date like 2026-11-20"),
        ("day", {"ASOF": "2026-02-30"}, "ASOF=2026-02-30 is not a session date like 2026-11-20"),
        ("day", {"ASOF": "2026-11-22"}, "ASOF=2026-11-22 is a weekend; the Friday before it is 2026-11-20"),
        ("demo", {"DEMO": "stop"}, "DEMO=stop is not known; DEMO=--stop stops the desk at the end"),
        ("init", {"ANSWERS": "/no/such.yml"}, "ANSWERS=/no/such.yml is no file: name one with answers, or leave "
                                              "it out to be asked"),
        ("day", {"ASOF": "2026-11-20"}, None),
        ("init", {}, None),
        ("init", {"ANSWERS": "/etc/passwd"}, None),
        ("run", {"BARS": "/tmp"}, None),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_sentence(target, typed, sentence):
    """As make does it: the rule before set-up, from the root of the project."""
    environ = {
        name: text for name, text in os.environ.items() if name not in ("BARS", "ASOF", "DEMO", "ANSWERS")
    }
    done = subprocess.run(
        ["make", "-s", f"arguments-{target}", *(f"{name}={text}" for name, text in typed.items())],
        cwd=PROJECT_ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first = done.stderr.partition("\n")[0]
    assert (first, done.stdout) == (f"make {target}: {sentence}" if sentence else "", "")
    assert (done.returncode == 0) == (sentence is None)


def test_arguments_are_looked_at_before_the_environments_are_built():
    """The rule stands first among what each of them needs."""
    rules = (PROJECT_ROOT / "Makefile").read_text()
    for target in ("run", "day", "demo", "init"):
        assert f"\n{target}: arguments-{target} setup ##" in rules
