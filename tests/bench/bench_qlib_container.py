"""
The runner's container beside stock Qlib's: the same image, the same data, the same limits, one run.

Run by `make bench-qlib`, after the features: simulated bars of 100 symbols over 12 years (--symbols 500 for
more), then the real Alpha Vantage files if they are there. Time is that of the whole `docker run`, from
the shell to the result, and on a busy machine the CPU ratio says more; memory is the peak the kernel counted
for the container. What both sides made is compared before a ratio is printed, and a model's hash is
looked for on one thread and on two, again, and outside the container. Nine quarters are only walked over with
100 symbols or fewer.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.qlib_bars import ROOT, alpha_vantage, simulated

SCORE_GOAL, TIME_GOAL, MEMORY_GOAL, WALK_GOAL = 8, 0.65, 0.8, 0.7
QUARTER_SESSIONS = 63
AFTER_TRAINING = ["score", "hash", "walk"]
WORKFLOW = ROOT / "config/qlib/workflow_us_lightgbm_alpha158.yaml"
# As the desk does it: its own number, and the image's where it is root.
USER, GROUP = (os.getuid(), os.getgid()) if os.getuid() else (10001, 10001)
# The desk's switches, with room for stock Qlib.
LOCKED = (
    "--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
    "--pids-limit=256", "--cpus=2", "--memory=12g", "--memory-swap=12g", f"--user={USER}:{GROUP}",
    "--tmpfs=/tmp:rw,noexec,nosuid,size=64m",
)  # fmt: skip
# The last two lines: nanoseconds of CPU and bytes of memory at the peak, as cgroups 2 or 1 count them.
METERED = """
"$@"; code=$?
cd /sys/fs/cgroup
if [ -e memory.peak ]; then echo "$(($(sed -n 's/^usage_usec //p' cpu.stat) * 1000))"; cat memory.peak
else cat cpuacct/cpuacct.usage memory/memory.max_usage_in_bytes; fi
exit $code
"""


@dataclass(frozen=True)
class Cost:
    """What a container took: seconds from start to end, CPU seconds, and its peak memory in GB."""

    seconds: float
    cpu_seconds: float
    peak_gb: float

    def __add__(self, other: "Cost") -> "Cost":
        """One after the other: times add up, the larger peak counts."""
        return Cost(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_gb, other.peak_gb),
        )


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="the runner's container beside stock Qlib's")
    arguments.add_argument("--symbols", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument(
        "--after-training",
        nargs="*",
        choices=AFTER_TRAINING,
        default=AFTER_TRAINING,
        help="what is measured after train and backtest; all by default",
    )
    options = arguments.parse_args()
    image = subprocess.run(
        [ROOT / "docker/qlib_runner/build.sh"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]
    markets = {
        f"{options.symbols} simulated symbols": simulated(options.symbols),
        "95 real symbols": alpha_vantage(),
    }
    for title, bars in markets.items():
        if bars is not None:
            with tempfile.TemporaryDirectory() as folder:
                Room(image, Path(folder)).bench(title, bars, options.after_training, options.rounds)


class Room:
    """A folder with the inputs and results of every command, and the image they run in."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image, self.folder = image, folder
        folder.chmod(0o755)
        self.newest = self.symbols = None

    def bench(self, title: str, bars: pd.DataFrame, after: list[str], rounds: int) -> None:
        """Take one market through every command, both ways."""
        print(f"\n{title}: {len(bars):,} bars, in containers of 2 CPUs")
        self._write_bars(bars)
        # The first container also brings the image's files into memory.
        self.run("warm", "python3", "-c", "import qlib, lightgbm")
        print_cost("dataset", self.command("dataset", "dataset"))
        stock, ours = self._learn_both_ways()
        print_ratio("train + backtest", "qrun", stock, ours, TIME_GOAL, self._same_qrun())
        memory = ours.peak_gb / stock.peak_gb
        print(f"  {'':<22} peak memory ratio {memory:.2f} (goal at most {MEMORY_GOAL})")
        if "score" in after:
            stock, ours = self._score_both_ways(rounds)
            verdict = self._same_scores()
            print_ratio("newest cross-section", "stock", stock, ours, 1 / SCORE_GOAL, verdict)
        if "hash" in after:
            print(f"  model hash: {self._hashes()}")
        if "walk" in after and len(self.symbols) <= 100:
            stock, ours = self._walk_both_ways()
            print_ratio("9 quarters", "RollingGen", stock, ours, WALK_GOAL, self._same_walk())

    def run(self, name: str, *command: str, environment: tuple[str, ...] = ()) -> Cost:
        """Run a program with `in/` read-only and a new folder `name` as its own; say what it took."""
        home = self.folder / name
        home.mkdir()
        os.chown(home, USER, GROUP)
        before = time.perf_counter()
        done = subprocess.run(
            ["docker", "run", *LOCKED, *(f"--env={pair}" for pair in environment), f"--workdir=/{name}",
             "-v", f"{self.folder}/in:/in:ro", "-v", f"{home}:/{name}", "-v", f"{ROOT}/tests/bench/inside:/stock:ro",
             "--entrypoint=sh", self.image, "-c", METERED, "metered", *command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - before
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        nanoseconds, peak = done.stdout.split()[-2:]
        return Cost(seconds, int(nanoseconds) / 1e9, int(peak) / 1e9)

    def command(self, name: str, command: str, runtime: str = "container") -> Cost | None:
        """
        Run one of the runner's commands on the manifest `in/<name>.json`; its result is `<name>/<command>`.
        """
        words = ("python3", "-m", "qlib_runner", command)
        if runtime == "container":
            return self.run(name, *words, "--manifest", f"/in/{name}.json", "--out", f"/{name}/{command}")
        (self.folder / name).mkdir()
        subprocess.run(
            [ROOT / ".venv-qlib/bin/python", *words[1:], "--manifest", self.folder / f"in/{name}.json",
             "--out", self.folder / name / command],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return None

    def manifest(self, name: str, command: str, inputs: tuple[str, ...], **config) -> None:
        """Write `in/<name>.json`."""
        home = self.folder / "in"
        fields = {
            "schema": 1,
            "command": command,
            "run_id": "bench",
            "as_of_date": self.newest,
            "seed": 7,
            "config": config,
            "inputs": [
                {"path": path, "sha256": hashlib.sha256((home / path).read_bytes()).hexdigest()}
                for path in inputs
            ],
        }
        (home / f"{name}.json").write_text(json.dumps(fields))

    def _write_bars(self, bars: pd.DataFrame) -> None:
        home = self.folder / "in"
        home.mkdir()
        bars.to_parquet(home / "bars.parquet", index=False)
        days = bars.groupby("internal_symbol")["session_date"].agg(["min", "max"])
        newest = days["max"].max()
        self.newest = str(newest)
        self.symbols = sorted(bars[bars["session_date"] == newest]["internal_symbol"])
        ends = days["max"].where(days["max"] < newest, "")
        lines = [f"{name},{days['min'][name]},{ends[name]}\n" for name in days.index]
        (home / "instruments.csv").write_text("internal_symbol,start_date,end_date\n" + "".join(lines))
        later = pd.bdate_range(newest, periods=21)[1:].date
        sessions = [*sorted(set(bars["session_date"])), *later]
        (home / "calendar.csv").write_text("".join(f"{day}\n" for day in ["session_date", *sessions]))
        self.manifest("dataset", "dataset", ("bars.parquet", "instruments.csv", "calendar.csv"))

    def _take(self, name: str, command: str) -> None:
        """Make a result an input of the next commands."""
        shutil.copytree(self.folder / name / command, self.folder / "in" / command)

    def _learn_both_ways(self) -> tuple[Cost, Cost]:
        shutil.copy(WORKFLOW, self.folder / "in/workflow.yaml")
        self._take("dataset", "dataset")
        inputs = ("dataset/manifest.json", "workflow.yaml")
        self.manifest("train", "train", inputs, benchmark=self.symbols[0])
        ours = self.command("train", "train")
        self._take("train", "train")
        self.manifest(
            "backtest",
            "backtest",
            ("dataset/manifest.json", "train/manifest.json"),
            benchmark=self.symbols[0],
        )
        ours += self.command("backtest", "backtest")
        (self.folder / "in/stock.yaml").write_text(stock_workflow(self.folder / "in/train"))
        theirs = self.run(
            "qrun",
            "qrun",
            "/in/stock.yaml",
            "--experiment_name",
            "bench",
            "--uri_folder",
            "/qrun/mlruns",
            environment=("PROVIDER_URI=/in/dataset/store",),
        )
        return theirs, ours

    def _score_both_ways(self, rounds: int) -> tuple[Cost, Cost]:
        (self.folder / "in/symbols.txt").write_text("\n".join(self.symbols))
        found: tuple[list[Cost], list[Cost]] = ([], [])
        for number in range(rounds):
            name = f"score{number}"
            self.manifest(
                name,
                "score",
                ("dataset/manifest.json", "train/manifest.json"),
                method="lightgbm",
                symbols=self.symbols,
                ts=f"{self.newest}T21:00:00+00:00",
            )
            found[1].append(self.command(name, "score"))
            found[0].append(
                self.run(
                    f"stock{number}",
                    "python3",
                    "/stock/stock_score.py",
                    "/in/dataset/store",
                    "/in/train/model.txt",
                    self.newest,
                    "/in/symbols.txt",
                    f"/stock{number}/scores.parquet",
                )
            )
        stock, ours = (min(costs, key=lambda cost: cost.seconds) for costs in found)
        return stock, ours

    def _walk_both_ways(self) -> tuple[Cost, Cost]:
        """
        Walk over nine quarters; what stock Qlib does is only the predictions, here is also the backtest.
        """
        benchmark = self.symbols[0]
        inputs = ("dataset/manifest.json", "workflow.yaml")
        self.manifest("long", "train", inputs, benchmark=benchmark, test_sessions=9 * QUARTER_SESSIONS)
        self.command("long", "train")
        shutil.rmtree(self.folder / "in/train")
        self._take("long", "train")
        inputs = ("dataset/manifest.json", "train/manifest.json")
        self.manifest("walk", "backtest", inputs, benchmark=benchmark, walk_forward_parts=9)
        ours = self.command("walk", "backtest")
        (self.folder / "in/stock_walk.yaml").write_text(stock_workflow(self.folder / "in/train"))
        theirs = self.run(
            "stock_walk",
            "python3",
            "/stock/stock_walk_forward.py",
            "/in/dataset/store",
            "/in/stock_walk.yaml",
            str(QUARTER_SESSIONS),
            "/stock_walk/predictions.parquet",
        )
        return theirs, ours

    def _same_walk(self) -> str:
        theirs = pd.read_parquet(self.folder / "stock_walk/predictions.parquet")["score"]
        return self._same_predictions("walk", theirs)

    def _same_qrun(self) -> str:
        (path,) = self.folder.glob("qrun/mlruns/*/*/artifacts/pred.pkl")
        return self._same_predictions("backtest", pd.read_pickle(path)["score"])

    def _same_predictions(self, name: str, theirs: pd.Series) -> str:
        # The benchmark is in Qlib's predictions, but nobody can trade it.
        theirs = theirs.drop(self.symbols[0], level="instrument")
        ours = pd.read_parquet(self.folder / name / "backtest/predictions.parquet")
        ours["session_date"] = pd.to_datetime(ours["session_date"])
        return same(ours.set_index(["session_date", "internal_symbol"])["score"], theirs, "predictions")

    def _same_scores(self) -> str:
        theirs = pd.read_parquet(self.folder / "stock0/scores.parquet")["score"]
        ours = pd.read_parquet(self.folder / "score0/score/signals_ranked.parquet")
        return same(ours.set_index("internal_symbol")["score"], theirs, "scores")

    def _hashes(self) -> str:
        inputs = ("dataset/manifest.json", "workflow.yaml")
        found = {"container, 2 threads": self._hash("train")}
        for name, threads, runtime in (
            ("again", 2, "container"),
            ("one", 1, "container"),
            ("process", 1, "process"),
        ):
            self.manifest(name, "train", inputs, benchmark=self.symbols[0], threads=threads)
            self.command(name, "train", runtime)
            found[f"{name}: {runtime}, {threads} threads"] = self._hash(name)
        hashes = set(found.values())
        if len(hashes) == 1:
            return f"{hashes.pop()[:12]} in all of: " + "; ".join(found)
        return f"DIFFERS: {found}"

    def _hash(self, name: str) -> str:
        described = (self.folder / name / "train/model.json").read_bytes()
        return json.loads(described)["model_sha256"]


def stock_workflow(trained: Path) -> str:
    """Return the workflow of a training with Qlib's own features in place of the compiled ones."""
    text = (trained / "workflow.yaml").read_text()
    for ours, theirs in (("Alpha158Fast", "Alpha158"), ("qlib_runner.alpha158", "qlib.contrib.data.handler")):
        assert ours in text
        text = text.replace(ours, theirs)
    return text


def same(ours: pd.Series, theirs: pd.Series, what: str) -> str:
    """Say whether two series by the same keys are equal bit for bit."""
    theirs = theirs.sort_index().rename_axis(index=ours.index.names)
    ours = ours.sort_index()
    if not ours.index.equals(theirs.index):
        return f"ROWS DIFFER: {len(ours)} {what} here, {len(theirs)} there"
    differing = int((ours.to_numpy() != theirs.to_numpy()).sum())
    if differing:
        largest = np.abs(ours.to_numpy() - theirs.to_numpy()).max()
        return f"{differing} OF {len(ours)} {what.upper()} DIFFER, by at most {largest:.1e}"
    return f"all {len(ours):,} {what} bit-identical"


def print_cost(work: str, cost: Cost) -> None:
    """Print what one container took."""
    print(f"  {work:<22} {cost.seconds:6.1f} s {cost.cpu_seconds:6.1f} CPU s {cost.peak_gb:5.2f} GB")


def print_ratio(work: str, name: str, stock: Cost, ours: Cost, goal: float, verdict: str) -> None:
    """Print both sides and the ratio of their times; a goal below 1/2 is told as how many times faster."""
    print_cost(f"{work}: {name}", stock)
    print_cost(f"{work}: here", ours)
    ratio = ours.seconds / stock.seconds
    told = (
        f"{1 / ratio:.1f} times faster (goal at least {1 / goal:.0f})"
        if goal < 0.5
        else f"time ratio {ratio:.2f} (goal at most {goal})"
    )
    print(f"  {'':<22} {told}, CPU ratio {ours.cpu_seconds / stock.cpu_seconds:.2f}; {verdict}")


if __name__ == "__main__":
    main()
