"""
The changelog of the models: what each was made of and what was decided about it, from the registry alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from trading_ops.db.connect import queries
from trading_ops.files import write_whole
from trading_ops.settings import Settings
from trading_ops.wording.instants import utc_minute


def changelog_text(connection: psycopg.Connection) -> str:
    """Return the changelog of every registered model in Markdown, the newest first."""
    entries = [
        _entry(model, list(queries.models.model_states(connection, model_version=model["model_version"])))
        for model in queries.models.models_named(connection, prefix="")
    ]
    return "\n".join(["# Models", "", *(entries or ["No model is registered yet.", ""])])


def write_changelog(connection: psycopg.Connection, config: Settings) -> Path:
    """Write the changelog under the data folder, whole or not at all, and return its path."""
    path = config.data / "qlib/MODEL_CHANGELOG.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, changelog_text(connection).encode())
    return path


def _entry(model: dict[str, Any], states: list[dict[str, Any]]) -> str:
    lines = [
        f"## {model['model_version'][:12]} {model['state']}",
        "",
        f"- Model `{model['model_version']}` of run `{model['run_id']}`, as of {model['as_of_date']}",
        f"- Code `{model['git_commit']}`, image `{model['image_digest'] or 'none: process runtime'}`",
        f"- Dataset `{model['dataset_sha256']}`, workflow `{model['workflow_sha256']}`, seed {model['seed']}",
        f"- {model['features_count']} features `{model['features_hash'][:12]}`, label `{model['label']}`",
        *(
            f"- {segment.capitalize()} {model[f'{segment}_start_date']} to {model[f'{segment}_end_date']}"
            for segment in ("train", "valid", "test")
        ),
        f"- Training: {_figures(model['metrics'])}",
        f"- Backtest: {_figures(model['backtest_metrics'])}",
        "",
        "| since | state | who | why |",
        "|---|---|---|---|",
        *(
            f"| {utc_minute(row['created_at'])} | {row['state']} | {_cell(row['person'])} | {_cell(row['reason'])} |"
            for row in states
        ),
        "",
    ]
    return "\n".join(lines)


def _figures(metrics: Mapping[str, Any], prefix: str = "") -> str:
    """Return the numbers of nested metrics in one line, four significant digits each."""
    found = []
    for name, value in sorted(metrics.items()):
        if isinstance(value, Mapping):
            found.append(_figures(value, f"{prefix}{name}."))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append(f"{prefix}{name} {value:.4g}")
    return ", ".join(one for one in found if one)


def _cell(text: str) -> str:
    """Return a text that cannot end the cell of a table it stands in."""
    return " ".join(text.split()).replace("|", "\\|")
