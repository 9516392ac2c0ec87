"""The page on which the executor says which stocks eToro has."""

import pytest

from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import texts
from tests.confirm_app.test_browser import Phone
from tests.database import rows


@pytest.fixture(autouse=True)
def stocks(desk, ticket):
    """The universe in use is that of the ticket."""
    rows.add_universe(desk, desk_rows.SYMBOLS)


def tick(visitor, form=None, **answers):
    """Answer for some symbols on a form of the page, a fresh one unless given, and send it."""
    form = form or visitor.form_of("/symbols", "/symbols")
    return visitor.client.post(
        "/symbols", data=form | {f"answer-{name}": said for name, said in answers.items()}
    )


def test_what_is_ticked_is_recorded_in_the_executors_name_once(executor, desk):
    """Two of six answered; the same form sent again adds nothing, and the page says what is left."""
    form = executor.form_of("/symbols", "/symbols")
    assert form["name-ELMS"] == "Elms & Sons <Holding>"
    for _ in range(2):
        assert tick(executor, form, ELMS="found", ALDR="not_offered").status_code == 303
    found = desk_rows.select(
        desk,
        "select internal_symbol, etoro_search_name, is_offered, person from desk.symbol_verifications order by 1",
    )
    assert [tuple(row.values()) for row in found] == [
        ("ALDR", "Alder Instruments", False, "executor"), ("ELMS", "Elms & Sons <Holding>", True, "executor"),
    ]  # fmt: skip
    page = executor.client.get("/symbols").text
    assert "5 to look up, 1 verified." in page
    assert "Not offered, said executor on" in page
    assert "Elms &amp; Sons &lt;Holding&gt;" in texts(page, r'class="copy">(.*?)</span>')


def test_nothing_ticked_or_a_name_changed_meanwhile_records_nothing(executor, desk):
    """The whole form is refused, with the reason on top."""
    empty = tick(executor)
    assert empty.status_code == 422 and "Nothing was ticked" in empty.text
    form = executor.form_of("/symbols", "/symbols") | {"name-BRCH": "Another Energy"}
    refused = tick(executor, form, ALDR="found", BRCH="found")
    assert refused.status_code == 422 and "no stock BRCH under the name Another Energy" in refused.text
    assert desk_rows.count_rows(desk)["desk.symbol_verifications"] == 0


def test_the_page_fits_a_phone_and_is_sent_from_anywhere(browser, served, ticket, tmp_path):
    """Every stock with its name and both answers; the button is in reach of the first of a hundred."""
    phone = Phone(browser, served, tmp_path)
    phone.open("/symbols")
    phone.sign_in()
    assert browser.current_url == f"{served}/symbols"
    assert len(browser.find_elements("css selector", "input[type=radio]")) == 2 * len(desk_rows.SYMBOLS)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    is_seen = "return arguments[0].getBoundingClientRect().bottom <= window.innerHeight"
    assert browser.execute_script(is_seen, browser.find_element("css selector", "main button"))
