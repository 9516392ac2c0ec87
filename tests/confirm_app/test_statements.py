"""The page on which an operator looks at eToro's statement and then keeps it."""

import base64
import hashlib
import io
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from confirm_app.account.statements import UPLOAD_BYTES_MAX
from tests.confirm_app import desk_rows
from tests.confirm_app.test_browser import Phone
from tests.database.test_statements import DAY, YEAR, busy_account
from tests.unit.statements.made_account import MadeAccount
from trading_ops.simulation.forms import read_page

STORED = "select rows_count, person from desk.statements"


def look_at(visitor, content: bytes, name: str = "statement.xlsx"):
    """Choose a file on the page and send it."""
    form = visitor.form_of("/statements", "/statements/check")
    return visitor.client.post(
        "/statements/check",
        data=form | {"statement": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def form_in(answer) -> dict[str, str]:
    """Return the fields of the form that keeps what was looked at."""
    return next(dict(form.fields) for form in read_page(answer.text).forms if form.action == "/statements")


def stored(desk) -> list[tuple]:
    """Return the statements that are kept."""
    return [tuple(row.values()) for row in desk_rows.select(desk, STORED)]


def test_a_statement_is_looked_at_and_then_kept_once(operator, desk):
    """The look stores nothing; the same form sent twice is one statement, by whoever sent it."""
    looked = look_at(operator, busy_account().export(*YEAR))
    assert looked.status_code == 200
    assert (
        "Account aperson (A. Person), in USD." in looked.text
        and "Cash balance holds over 14 rows." in looked.text
    )
    assert stored(desk) == []
    for _ in range(2):
        kept = operator.client.post("/statements", data=form_in(looked))
        assert (kept.status_code, kept.location) == (303, "/statements")
    assert stored(desk) == [(20, "operator")]
    page = operator.client.get("/statements").text
    assert "2026-01-01 to 2026-06-12" in page and "<strong>INTENDED</strong>: 6 lines" in page
    for form, filled in (
        ("/cash/new?kind=deposit", 'value="deposit" checked'),
        ("/events/new?kind=dividend", "statement, dividend of"),
        ("/events/new?kind=trade", "statement, closed of"),
    ):
        path = unescape(
            next(part for part in page.split('href="') if part.startswith(form)).partition('"')[0]
        )
        assert filled in operator.client.get(path).text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b", "a text or CSV file"),
        (b"", "an empty file"),
        (b"%PDF-1", "a PDF; eToro offers both, choose XLS"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_kind(operator, desk, content, said):
    """What was expected and what was found, on the page it was chosen on."""
    refused = look_at(operator, content)
    assert refused.status_code == 422 and said in refused.text and "Nothing is stored." in refused.text


def test_one_that_breaks_or_is_of_another_account_is_shown_and_has_no_button(operator, desk):
    """All four roll-forwards are told, and why it is none of this book."""
    operator.client.post("/statements", data=form_in(look_at(operator, busy_account().export(*YEAR))))
    other = MadeAccount(username="<b>person")
    other.deposit(DAY, "1.00")
    other.deposit(DAY + timedelta(days=1), "2.00")
    other.rows[1]["equity"] += Decimal("0.01")
    shown = look_at(operator, other.export(*YEAR))
    assert shown.status_code == 422
    assert "Realised equity BREAKS at sheet" in shown.text and "It is not of this book" in shown.text
    assert "&lt;b&gt;person" in shown.text and "<b>person" not in shown.text
    assert "Keep it" not in shown.text
    content = other.export(*YEAR)
    forged = {"key": hashlib.sha256(content).hexdigest(), "content": base64.b64encode(content).decode()}
    kept = operator.client.post(
        "/statements", data=operator.form_of("/statements", "/statements/check") | forged
    )
    assert kept.status_code == 422 and len(stored(desk)) == 1


def test_what_is_kept_is_checked_anew(operator, desk):
    """Whoever changes the file between the two pages is refused, by its fingerprint or by itself."""
    form = form_in(look_at(operator, busy_account().export(*YEAR)))
    for content in (b"another", b""):
        sent = form | {"content": base64.b64encode(content).decode()}
        assert operator.client.post("/statements", data=sent).status_code == 422
    sent |= {"content": base64.b64encode(b"another").decode(), "key": hashlib.sha256(b"another").hexdigest()}
    refused = operator.client.post("/statements", data=sent)
    assert refused.status_code == 422 and "a text or CSV file" in refused.text
    assert operator.client.post("/statements", data=form | {"content": "%%%"}).status_code == 422
    assert stored(desk) == []


def test_a_file_may_be_large_here_and_only_here(operator, executor):
    """A form of the page has 256 kB at most; a statement a few megabytes, and only an operator's."""
    half = b"PK" + b"\0" * (UPLOAD_BYTES_MAX // 2)
    assert "cut off" in look_at(operator, half).text
    assert look_at(operator, b"\0" * (UPLOAD_BYTES_MAX + 10)).status_code == 422
    assert look_at(operator, b"\0" * (2 * UPLOAD_BYTES_MAX)).status_code == 413
    large = {"note": "x" * 300_000}
    assert operator.client.post("/cash/new", data=large).status_code == 413
    assert executor.client.post("/statements", data=large).status_code == 413


def test_only_an_operator_sees_statements(executor):
    """The executor's page neither links nor shows them."""
    assert executor.client.get("/statements").status_code == 403
    assert "/statements" not in executor.client.get("/").text


def test_a_form_that_is_none_of_the_page_keeps_nothing(operator, desk):
    """Without its token it is forged."""
    form = form_in(look_at(operator, busy_account().export(*YEAR)))
    form.pop("csrf_token")
    assert operator.client.post("/statements", data=form).status_code == 400
    assert stored(desk) == []


def test_no_file_chosen_is_said(operator):
    """A button pressed too early."""
    assert "No file was chosen" in look_at(operator, b"", "").text


def test_the_pages_fit_a_phone(browser, served, ticket, tmp_path, desk):
    """With a real file chooser, by an operator: looked at, kept, and listed."""
    path = tmp_path / "statement.xlsx"
    path.write_bytes(busy_account().export(*YEAR))
    phone = Phone(browser, served, tmp_path)
    phone.open("/statements")
    phone.sign_in("operator")
    browser.find_element("css selector", "input[type=file]").send_keys(str(path))
    phone.submit(browser.find_element("css selector", "form.card button"))
    assert "Is this the statement?" in browser.page_source
    phone.submit(browser.find_element("css selector", "button.in-reach"))
    assert "Statement 1 is kept." in browser.page_source
    assert stored(desk) == [(20, "operator")]
