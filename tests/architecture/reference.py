"""
docs/REFERENCE.md, made from the code: settings, commands, verbs, DAGs, checks and incident codes.

    PYTHONPATH=plugins:. .venv/bin/python -m tests.architecture.reference
"""

import argparse
import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

import yaml

from trading_ops.accepted import CHOICES
from trading_ops.cli.main import parser
from trading_ops.comms.incident_codes import CODES
from trading_ops.plan.gates import GATES
from trading_ops.settings import PROJECT_ROOT, Settings, variable
from trading_ops_airflow.schedule import DAGS
from trading_ops_stack.__main__ import VERBS

PAGE = PROJECT_ROOT / "docs/REFERENCE.md"
GATE_MODELS = PROJECT_ROOT / "dbt_project/models/gates/_gates__models.yml"


def settings() -> Iterator[tuple[str, ...]]:
    """Yield each setting with its default and what it is."""
    for each in fields(Settings):
        default = str(each.default)
        if isinstance(each.default, Path):
            root = PROJECT_ROOT if each.default.is_relative_to(PROJECT_ROOT) else PROJECT_ROOT.parent
            default = ("" if root == PROJECT_ROOT else "../") + str(each.default.relative_to(root))
        accepted = " or ".join(f"`{choice}`" for choice in CHOICES.get(each.name, ()))
        yield (
            f"`{variable(each.name)}`",
            f"`{default}`",
            each.metadata["about"] + (accepted and f": {accepted}"),
        )


def targets() -> Iterator[tuple[str, ...]]:
    """Yield each make target with its line of `make help`."""
    for name, about in re.findall(r"^([a-z-]+):.*?## (.+)$", (PROJECT_ROOT / "Makefile").read_text(), re.M):
        yield f"`make {name}`", about


def verbs(
    of: argparse.ArgumentParser | None = None, before: str = "trading-ops"
) -> Iterator[tuple[str, ...]]:
    """Yield each verb of the command line with its help, those of a noun below it."""
    for action in (of or parser(VERBS))._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        helps = {choice.dest: choice.help for choice in action._choices_actions}
        for name, sub in action.choices.items():
            below = list(verbs(sub, f"{before} {name}"))
            # A noun may be a verb by itself: `trading-ops mail`.
            if not any(
                isinstance(each, argparse._SubParsersAction) and each.required for each in sub._actions
            ):
                yield f"`{before} {name}`", helps[name]
            yield from below


def dags() -> Iterator[tuple[str, ...]]:
    """Yield each DAG with its time and the first sentence of its page in Airflow."""
    for dag in DAGS:
        text = ast.get_docstring(ast.parse((PROJECT_ROOT / f"dags/{dag.dag_id}.py").read_text()))
        sentence = " ".join(text.split("\n\n")[1].split())
        yield f"`{dag.dag_id}`", dag.summary, re.match(r".+?\.(?= |$)", sentence)[0]


def checks() -> Iterator[tuple[str, ...]]:
    """Yield each check with its gate and the question it asks."""
    models = {model["name"]: model for model in yaml.safe_load(GATE_MODELS.read_text())["models"]}
    for gate in GATES:
        for name, model in models.items():
            if name.startswith(f"gate_{gate}_"):
                question = " ".join(model["description"].split()).removesuffix(" One row per run.")
                yield f"`{gate}`", f"`{name.removeprefix(f'gate_{gate}_')}`", question


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def page() -> str:
    """Return the whole page."""
    incidents = (
        (
            f"[`{code}`](INCIDENTS.md#{code.lower()})",
            known.meaning,
            known.owner,
            known.ends or "an operator closes it",
        )
        for code, known in CODES.items()
    )
    parts = [
        "# Reference",
        "Made from the code by `python -m tests.architecture.reference`; a test compares it. What to do with any of it is in "
        "[RUNBOOK.md](RUNBOOK.md).",
        "## Settings",
        "Lines of the desk's `desk.env`, or environment variables, which override them. A path in `desk.env` starts from the desk's "
        "folder; of a default, `var` is that folder and the rest is the project's. Passwords are no settings: they are in files of "
        "the desk's `secrets`.",
        table(("setting", "default", "what it is"), settings()),
        "## Make",
        table(("target", "what it does"), targets()),
        "## Command line",
        "`.venv/bin/trading-ops`; `--help` after a verb names its options. Exit code 0 is done, 1 refused or found something, 2 called wrongly.",
        table(("verb", "what it does"), verbs()),
        "## DAGs",
        table(("DAG", "when", "what it does"), dags()),
        "## Checks",
        "One answer each; an unknown one is no. What to do about those of the data is in [DATA_QUALITY_RULES.md](DATA_QUALITY_RULES.md); "
        "every verdict carries its own fix.",
        table(("gate", "check", "question"), checks()),
        "## Incidents",
        table(("code", "what happened", "whose", "it is over when"), incidents),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
