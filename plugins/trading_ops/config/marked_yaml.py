"""
The desk's own YAML, read exactly: a model of the file, or every mistake in it with its line.

Pure. Numbers stay what is written (int or Decimal, never a float). A file is refused whole, with file, line,
field and the accepted form.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trading_ops.config.text import shown, unseen_at

# 010 is eight to YAML and ten to a person; no number of a desk needs more digits.
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?")
_DEPTH_MAX = 10
_CHARS_MAX = 100_000


# Where a mistake is in a file, what is wrong there, and what would be accepted.
Mistake = tuple[tuple, str, str]
Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """A part of a file: frozen, and no field but those it names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Unreadable(Exception):
    """A text that is no such YAML; the message names file, line, field and the accepted form."""


def count(description: str, **limits: Any) -> Any:
    """Return the type of a whole number within limits; `description` is the accepted form."""
    return Annotated[int, Field(strict=True, description=description, **limits)]


def parse_model(
    text: str,
    name: str,
    model: type[Model],
    whole: str,
    contradictions: Callable[[Model], list[Mistake]],
    error: type[Exception],
) -> Model:
    """
    Return what a YAML text says as a model; `name` is the file errors point at, `whole` what it is called.

    Raises `error` with one line per mistake: those of single fields, or else what `contradictions` finds
    between them.
    """
    try:
        body, line_of = _read_marked(text, name)
    except _Unreadable as unreadable:
        raise error(str(unreadable)) from unreadable
    try:
        parsed = model.model_validate(body)
        mistakes = contradictions(parsed)
    except ValidationError as refused:
        mistakes = _mistakes_in(refused, model, whole)
    if mistakes:
        raise error(
            "\n".join(
                f"{name}:{line_of(path)}: {_dotted(path)}: {problem}; accepted: {accepted}"
                for path, problem, accepted in mistakes
            )
        )
    return parsed


def _read_marked(text: str, name: str) -> tuple[dict[str, Any], Callable[[tuple], int]]:
    """
    Return a YAML mapping as dicts, tuples, str, bool, None, int and Decimal, and a finder of lines.

    The finder takes a path of keys and indexes; for one that is missing it gives the line of the
    section around it. `name` is the file the errors point at.
    """
    text = re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))
    if len(text) > _CHARS_MAX:
        raise _Unreadable(f"{name}:1: {len(text)} characters; accepted: at most {_CHARS_MAX}")
    if (at := unseen_at(re.sub("[\n\t]", " ", text))) is not None:
        line, problem = text.count("\n", 0, at) + 1, f"the character U+{ord(text[at]):04X}"
        raise _Unreadable(f"{name}:{line}: {problem}; accepted: characters that can be seen")
    try:
        _refuse_machinery(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # What it quotes is the file's: of another's file, such as one of keys, nothing is told.
        problem = re.sub(r"(['\"]).{2,}\1", "a text", getattr(error, "problem", None) or "not text")
        raise _Unreadable(f"{name}:{mark.line + 1 if mark else 1}: not readable as YAML: {problem}") from None
    if not isinstance(root, yaml.MappingNode):
        raise _Unreadable(f"{name}:1: no fields are found; accepted: `field: value` lines")
    lines: dict[tuple, int] = {(): 1}
    body = _value(root, (), lines, name)

    def line_of(path: tuple) -> int:
        while path not in lines:
            path = path[:-1]
        return lines[path]

    return body, line_of


def _refuse_machinery(text: str, name: str) -> None:
    """Refuse what makes a value another one than is written: anchors, aliases, tags, lists within lists."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        for is_found, what in (
            (getattr(event, "anchor", None), "an anchor or alias"),
            (getattr(event, "tag", None), "a tag"),
            (depth > _DEPTH_MAX, f"more than {_DEPTH_MAX} lists or sections within each other"),
        ):
            if is_found:
                raise _Unreadable(f"{name}:{event.start_mark.line + 1}: {what}; accepted: plain values")


def _mistakes_in(error: ValidationError, model: type[BaseModel], whole: str) -> list[Mistake]:
    return [
        (found["loc"], _problem(found, whole), _accepted_form(found["loc"], model, whole))
        for found in error.errors()
    ]


def _dotted(path: tuple) -> str:
    """Return a path as a person writes it, such as risk.weight_ratio_max."""
    words = (str(part) if re.fullmatch(r"\w{1,60}", str(part), re.ASCII) else shown(part) for part in path)
    return ".".join(words) or "the file"


def _value(node: yaml.Node, path: tuple, lines: dict[tuple, int], name: str) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, name)
    if isinstance(node, yaml.SequenceNode):
        return tuple(_value(item, (*path, index), lines, name) for index, item in enumerate(node.value))
    kind = node.tag.rsplit(":", 1)[-1]
    if kind in ("int", "float"):
        # YAML also reads 1:30, 0x1F and .inf as numbers; none of them is ever meant here.
        if not _PLAIN_NUMBER.fullmatch(node.value):
            problem = (
                f"{shown(node.value)} is no plain number; accepted: such as 15 or 0.08, of at most 30 digits"
            )
            raise _Unreadable(f"{name}:{line}: {_dotted(path)}: {problem}")
        return Decimal(node.value) if "." in node.value else int(node.value)
    if kind == "bool":
        return node.value.lower() in ("true", "yes", "on")
    return None if kind == "null" else node.value


def _mapping(node: yaml.MappingNode, path: tuple, lines: dict[tuple, int], name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Unreadable(
                f"{name}:{line}: {_dotted(path)}: a key is no plain word; accepted: field names"
            )
        key = (*path, key_node.value)
        # YAML itself would let the second one win in silence.
        if key_node.value in values:
            raise _Unreadable(f"{name}:{line}: {_dotted(key)}: given twice; accepted: once")
        lines[key] = line
        values[key_node.value] = _value(value_node, key, lines, name)
    return values


def _problem(found: dict, whole: str) -> str:
    if found["type"] == "missing":
        return "missing"
    if found["type"] == "extra_forbidden":
        return f"not a field of {whole}"
    return f"{shown(found['input'])} is not accepted"


def _accepted_form(path: tuple, model: Any, whole: str) -> str:
    description = f"a section of {whole}"
    for part in path:
        fields = getattr(model, "model_fields", None)
        if isinstance(part, int) or fields is None:
            break
        if part not in fields:
            return "one of " + ", ".join(fields)
        field = fields[part]
        inside = (field.annotation, *get_args(field.annotation))
        model = next((one for one in inside if hasattr(one, "model_fields")), None)
        description = field.description or f"the section with {', '.join(getattr(model, 'model_fields', {}))}"
    return description
