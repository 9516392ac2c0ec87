"""Two documents as pages, to read and to print: the executor's Monday, and the facts about eToro."""

from functools import cache

from flask import Blueprint, abort, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

from trading_ops.settings import PROJECT_ROOT

guide = Blueprint("guide", __name__)
_PAGES = {
    "monday": "docs/EXECUTION_WORKFLOW_1PAGER.md",
    "etoro": "docs/ETORO_CONSTRAINTS.md",
}


@guide.get("/guide/<name>")
def show(name: str):
    """The words of the document itself, which nobody keeps a second time."""
    if name not in _PAGES:
        abort(404)
    return render_template("guide.html", body=_body(name))


@cache
def _body(name: str) -> Markup:
    text = (PROJECT_ROOT / _PAGES[name]).read_text(encoding="utf-8")
    # What looks like a tag is shown as it is written.
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
