"""docs/DEMO.ipynb runs from its first cell to its last on a desk with signals, and draws its two figures."""

import json
import subprocess
import sys

from tests.database import rows
from tests.database.trained import add_model, set_state, write_scores
from trading_ops.db.connect import connect
from trading_ops.models.registry import model_of_run, store_scores
from trading_ops.runs.run import load_run
from trading_ops.settings import PROJECT_ROOT

NOTEBOOK = PROJECT_ROOT / "docs/DEMO.ipynb"
# Every cell in one namespace, as a kernel would; a figure that is shown becomes a file.
RUNNER = """
import json, sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

shown = []
def show():
    figure = plt.gcf()
    for axes in figure.axes:
        shown.append({
            "title": axes.get_title(),
            "lines": {line.get_label(): [float(y) for y in line.get_ydata()] for line in axes.get_lines()},
        })
    figure.savefig(sys.argv[2] + f"/{len(shown)}.png")
plt.show = show

names = {}
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
print(json.dumps(shown))
"""
COMPARED = """
create table marts.signals_compared (
    run_id text, ranking_run_id text, method text, as_of_date date, is_traded_on boolean, model_version text,
    ranked_count bigint, ranked_by_both_count bigint, top_count numeric, same_top_count bigint, rank_correlation numeric,
    realised_count bigint, hit_ratio numeric, rank_ic numeric, top_return_ratio numeric, return_ratio numeric
);
insert into marts.signals_compared values
    ('r', %(first)s, 'qlib', '2026-06-12', false, null, 3, 3, 15, 3, 0.5, 3, 0.6, 0.1, 0.10, 0),
    ('r', %(second)s, 'qlib', '2026-06-19', false, null, 3, 3, 15, 3, 0.5, 3, 0.4, 0.1, -0.10, 0),
    ('r', %(third)s, 'qlib', '2026-06-26', false, null, 3, 3, 15, 3, 0.5, 0, null, null, null, null);
grant select on marts.signals_compared to desk_reader;
"""


def test_the_notebook_runs_and_draws_hit_rate_and_drawdown(desk, desk_environment, tmp_path):
    """
    Figures by hand: hits 0.6 and 0.4; 10 % up, then 10 % down, is 10 % below the top. The last week is not
    over.
    """
    version = add_model(desk)
    set_state(desk, version, "SHADOW")
    runs = [rows.add_plan_run(desk, weeks=weeks, model_version=version) for weeks in range(3)]
    for run_id in runs:
        with connect("desk_planner", desk) as connection:
            run = load_run(connection, run_id)
            parquet = write_scores(tmp_path / f"{run_id}.parquet", version, as_of_date=run.as_of_date)
            store_scores(connection, run_id, parquet, model_of_run(connection, run, desk))
    with rows.superuser(desk) as connection, connection.transaction():
        for statement in COMPARED.split(";\n")[:-1]:
            connection.execute(statement, dict(zip(("first", "second", "third"), runs, strict=True)))
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(NOTEBOOK), str(tmp_path)],
        env=desk_environment
        | {
            "PYTHONPATH": f"{PROJECT_ROOT}/plugins:{PROJECT_ROOT}",
            "MPLCONFIGDIR": str(tmp_path),
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said, figures = done.stdout.splitlines()[0], json.loads(done.stdout.splitlines()[-1])
    assert said == "3 symbols by qlib, as of 2026-06-26"
    hits, drawdown = figures
    assert (hits["title"], hits["lines"]["qlib"]) == ("Hit rate", [0.6, 0.4])
    assert drawdown["title"] == "Drawdown of the top"
    assert [round(value, 9) for value in drawdown["lines"]["qlib"]] == [0, -0.1]
    assert all((tmp_path / f"{number}.png").stat().st_size > 5000 for number in (1, 2))


def test_the_notebook_is_committed_without_what_it_printed():
    """Outputs are somebody's data; a notebook of format 4.5 names each cell."""
    notebook = json.loads(NOTEBOOK.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells) >= 8
    for cell in cells:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
