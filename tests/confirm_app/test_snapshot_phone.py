"""The snapshot on a phone, also the narrowest: a row per holding, a pasted table, a verdict on each."""

import pytest
from selenium.webdriver.common.by import By

from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import doubts_of
from tests.confirm_app.desk_rows import select
from tests.confirm_app.test_browser import Phone
from tests.database import rows

# As many decimals as eToro has, and money of as many digits as a book may have.
UNITS, CASH_GBP = "10.8183531", "1,234,560.78"
RECORD = "button.in-reach"


@pytest.fixture(params=[390, 320])
def phone(request, executor, desk, browser, served, ticket, tmp_path) -> Phone:
    """A phone of this width at the form, signed in, of a book with two holdings and their cash."""
    desk_rows.deposit(desk, "1235560.78")
    for line, fill in ((1, {"units": UNITS, "price": "57.77"}), (5, {})):
        form = executor.line_form(ticket, line)
        asked = executor.confirm(ticket, line, "DONE", form, **desk_rows.fill_fields(**fill))
        executor.confirm(ticket, line, "DONE", form, **desk_rows.fill_fields(**fill), **doubts_of(asked))
    for line in (2, 3, 4, 6):
        executor.confirm(ticket, line, "SKIPPED")
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT)
    rows.add_universe(desk, desk_rows.SYMBOLS)
    phone = Phone(browser, served, tmp_path, request.param)
    phone.open("/snapshots/new")
    phone.sign_in()
    return phone


def write(phone: Phone, **texts: str) -> None:
    """Type into fields, named with underscores."""
    for name, text in texts.items():
        field = phone.browser.find_element(By.NAME, name.replace("_", "-"))
        field.clear()
        field.send_keys(text)


def test_what_etoro_shows_is_typed_row_by_row_and_judged_at_once(phone, desk):
    """Names stand there, units are typed with the keys for numbers; then both figures and a verdict."""
    names = [legend.text for legend in phone.browser.find_elements(By.CSS_SELECTOR, ".holding legend")]
    assert names == ["Alder Instruments (ALDR)", "Elms & Sons <Holding> (ELMS)"]
    figures = phone.browser.find_elements(By.CSS_SELECTOR, "[name$=-units], [name=cash]")
    assert {field.get_attribute("inputmode") for field in figures} == {"decimal"}
    assert not any(field.get_attribute("value") for field in figures)
    write(phone, cash=CASH_GBP, row_1_units=UNITS, row_3_name="birch  energy", row_3_units="0.5")
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, "[value=more_rows]"))
    write(phone, row_4_name="Nobody", row_4_units="0,125")
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, RECORD))
    phone.check_layout("snapshot-refused")
    write(phone, row_4_name="", row_4_units="")
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, RECORD))
    phone.check_layout("snapshot-doubts")
    assert phone.tick("doubt-row-3") == 1 and phone.tick("row-2-gone") == 1
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, RECORD))
    phone.check_layout("snapshot-compared")
    page = phone.browser.find_element(By.TAG_NAME, "main").text
    assert "will block the next plan: BRCH and ELMS do not agree." in page
    assert "differs: the books have it, and eToro does not show it" in page
    figures = phone.browser.find_elements(By.CSS_SELECTOR, ".compared dd")
    assert {UNITS, f"£{CASH_GBP}"} <= {figure.text for figure in figures}
    # No figure is taken apart: each has one line, and room for all of it.
    wide = "return arguments[0].scrollWidth > arguments[0].clientWidth || arguments[0].clientHeight > 30"
    assert not any(phone.browser.execute_script(wide, figure) for figure in figures)


def test_a_table_is_pasted_looked_at_and_recorded(phone, desk):
    """The box gives rows, what it cannot read stays in it; what agrees lets the next plan pass."""
    phone.browser.find_element(By.CSS_SELECTOR, "details.more summary").click()
    table = f"Alder Instruments  {UNITS} units  £500.00\nElms & Sons <Holding> 6.25 1 £3"
    write(phone, cash=CASH_GBP, paste=table)
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, "[value=read_paste]"))
    phone.check_layout("snapshot-pasted")
    assert phone.browser.find_element(By.NAME, "row-1-units").get_attribute("value") == UNITS
    assert (
        "1 stock read from the table, none recorded yet."
        in phone.browser.find_element(By.TAG_NAME, "main").text
    )
    write(phone, paste="", row_2_units="6.25")
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, RECORD))
    phone.check_layout("snapshot-agrees")
    assert "will let the next plan pass: cash and 2 positions agree." in (
        phone.browser.find_element(By.TAG_NAME, "main").text
    )
    assert len(select(desk, "select 1 from desk.broker_snapshots")) == 1
