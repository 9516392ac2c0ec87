"""
A Qlib workflow file: filled in, read, and turned into the objects it names.

The same file runs under qrun, so a model never depends on settings that live in code. Qlib is imported
where it is needed: that takes seconds, and the newest session is ranked without it.
"""

import contextlib
import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from ruamel.yaml import YAML, YAMLError

from qlib_runner.manifest import Refused

if TYPE_CHECKING:
    from qlib.data.dataset import DatasetH
    from qlib.data.dataset.handler import DataHandlerLP

# In a result the store's place stays open: it is another one in the container.
OPEN_PROVIDER = {"PROVIDER_URI": "{{ PROVIDER_URI }}"}
_LOGGING_LEVEL_ERROR = 40


def render(template: str, variables: dict[str, Any]) -> str:
    """Return the workflow with its variables filled in; raises Refused for one that has no value."""
    try:
        return jinja2.Template(template, undefined=jinja2.StrictUndefined, keep_trailing_newline=True).render(
            variables
        )
    except jinja2.TemplateError as error:
        raise Refused(f"workflow.yaml cannot be filled in: {error}") from None


def parse(text: str) -> dict[str, Any]:
    """Return the workflow as Qlib reads it; raises Refused for no YAML or no task in it."""
    try:
        fields = YAML(typ="safe", pure=True).load(text)
        handler_of(fields)["kwargs"]["label"]
        fields["task"]["model"]["kwargs"]
    except (YAMLError, KeyError, TypeError) as error:
        raise Refused(
            f"workflow.yaml is no workflow with a model, a handler and a label: {error!r}"
        ) from None
    return fields


def handler_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a workflow that names the features."""
    return fields["task"]["dataset"]["kwargs"]["handler"]


def label_of(fields: dict[str, Any]) -> str:
    """Return the one label's expression; raises Refused when there are several."""
    labels = handler_of(fields)["kwargs"]["label"]
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        raise Refused("workflow.yaml: label must be a list of one expression")
    return labels[0]


def require_no_fitted_features(fields: dict[str, Any]) -> None:
    """Raise Refused for processors that are fitted on a history which scoring a part of it does not load."""
    if handler_of(fields)["kwargs"].get("infer_processors"):
        raise Refused("workflow.yaml: infer_processors need a history that scoring does not load")


def open_store(store: Path, threads: int) -> None:
    """Let Qlib read a store, with that many threads for features, and write nothing anywhere."""
    qlib = importlib.import_module("qlib")
    # It prints which of its optional models cannot be imported; none of them is wanted.
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module("qlib.contrib.model")
    qlib.init(
        provider_uri=str(store),
        region="us",
        kernels=threads,
        joblib_backend="loky",
        expression_cache=None,
        dataset_cache=None,
        logging_level=_LOGGING_LEVEL_ERROR,
    )


def make_dataset(fields: dict[str, Any]) -> "DatasetH":
    """Return the workflow's dataset, its features computed."""
    return _make(fields["task"]["dataset"])


def make_handler(fields: dict[str, Any], **changes: Any) -> "DataHandlerLP":
    """Return the workflow's handler with some of its settings changed, its features computed."""
    handler = handler_of(fields)
    return _make({**handler, "kwargs": {**handler["kwargs"], **changes}})


def versions() -> dict[str, str]:
    """Return the versions of what a model's numbers come from."""
    return {
        name: importlib.import_module(name).__version__ for name in ("lightgbm", "numpy", "pandas", "qlib")
    }


def _make(described: dict[str, Any]) -> Any:
    return importlib.import_module("qlib.utils").init_instance_by_config(described)
