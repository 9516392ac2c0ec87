"""What a verb loads before it does anything: a halt is pressed in a hurry, and the tests call hundreds."""

import subprocess
import sys

from trading_ops.settings import PROJECT_ROOT

HEAVY = ("pandas", "numpy", "pyarrow", "sqlalchemy", "alembic", "exchange_calendars", "airflow")


def test_naming_the_verbs_imports_nothing_heavy():
    """Each of these costs a third of a second or more; the verb that needs one imports it."""
    program = f"import sys, trading_ops_stack.__main__; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
        env={"PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
    )
    assert done.stdout.strip() == "[]", done.stdout
