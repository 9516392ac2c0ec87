"""The desk's templates, whoever writes with them."""

import pytest
from jinja2 import DictLoader, UndefinedError

from confirm_app import create_app
from trading_ops.comms.letters import _TEMPLATES as LETTERS
from trading_ops.reports.pages import TEMPLATES as REPORTS
from trading_ops.settings import read_settings
from trading_ops.tickets.render import _TEMPLATES as TICKETS


def kinds(tmp_path):
    """Return the page's, the mail's, the report's and the ticket's templates, each with two of ours."""
    key = tmp_path / "session_key"
    key.write_text("0" * 64)
    key.chmod(0o600)
    page = create_app(read_settings({"TRADING_OPS_SESSION_KEY": str(key)})).jinja_env
    ours = DictLoader({"a.html": "{{ what }}", "a.html.j2": "{{ what }}", "a.md.j2": "{{ price | usd }}\n"})
    return [one.overlay(loader=ours) for one in (page, LETTERS, REPORTS, TICKETS)]


def test_a_name_nobody_gave_is_an_error(tmp_path):
    """An empty place on a ticket would be read as nothing to do."""
    for one in kinds(tmp_path):
        with pytest.raises(UndefinedError, match="'what' is undefined"):
            one.get_template("a.html").render()


def test_html_is_escaped_and_markdown_is_not(tmp_path):
    """What a vendor or a person wrote is text."""
    for one in kinds(tmp_path):
        for name in ("a.html", "a.html.j2"):
            assert one.get_template(name).render(what="<b>") == "&lt;b&gt;"


def test_figures_have_their_words_everywhere_and_a_text_ends_its_last_line(tmp_path):
    """One price reads the same on the page and in the mail."""
    for one in kinds(tmp_path):
        assert one.get_template("a.md.j2").render(price=154) == "$154.00\n"
