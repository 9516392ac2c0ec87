"""What goes to the fridge door, and the ticket on paper."""

import base64
import re

import pytest

from tests.confirm_app.test_browser import phone  # noqa: F401 (a fixture)
from trading_ops.settings import PROJECT_ROOT

VISIBLE = (
    "return [...document.querySelectorAll(arguments[0])].filter(e => e.getClientRects().length)"
    ".map(e => e.outerHTML.slice(0, 60))"
)
COLOURS = (
    "return [...new Set([...document.querySelectorAll('body, main *')].filter(e => e.getClientRects().length)"
    ".map(e => getComputedStyle(e)).map(s => s.color + ' on ' + s.backgroundColor))]"
)


def test_a_document_is_a_page_of_the_desk(executor):
    """Its own words, every list and table of it, for whoever is signed in."""
    for name, file, marks in (
        ("monday", "EXECUTION_WORKFLOW_1PAGER.md", ("<h1>Monday, on one page</h1>", '<ol start="10">')),
        ("etoro", "ETORO_CONSTRAINTS.md", ("<th>where the desk relies on it</th>", "<code>account.base")),
    ):
        page = executor.client.get(f"/guide/{name}").text
        article = re.search(r"<article.*?</article>", page, re.S)[0]
        assert all(mark in article for mark in marks) and "**" not in article and "|" not in article
        words = re.findall(r"\w{4,}", (PROJECT_ROOT / "docs" / file).read_text())
        assert [word for word in words if word not in article] == []
        assert f'href="/guide/{name}"' in executor.client.get("/").text
    assert executor.client.get("/guide/other").status_code == 404


@pytest.fixture
def printer(phone):  # noqa: F811
    """The executor's browser, which shows what would be on paper."""
    phone.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    yield phone.browser
    phone.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_documents_fit_a_phone(phone):  # noqa: F811
    """Also a table of three columns."""
    for name in ("monday", "etoro"):
        phone.open(f"/guide/{name}")


def test_a_ticket_on_paper_is_black_on_white_without_what_is_tapped(printer, served, ticket):
    """Its lines and times are there, and no menu, form or button."""
    printer.get(f"{served}/confirm/{ticket}")
    tapped = "nav, button, input, textarea, summary:not(.more > summary)"
    assert printer.execute_script(VISIBLE, tapped) == []
    assert len(printer.execute_script(VISIBLE, ".line .do")) == 6
    assert len(printer.execute_script(VISIBLE, ".window td")) == 8
    assert printer.execute_script(COLOURS) == ["rgb(0, 0, 0) on rgb(255, 255, 255)"]


def test_monday_fits_one_page_of_paper(printer, served):
    """A4, with the margins a browser leaves."""
    printer.get(f"{served}/guide/monday")
    paper = {"paperWidth": 8.27, "paperHeight": 11.69}
    pdf = base64.b64decode(printer.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
