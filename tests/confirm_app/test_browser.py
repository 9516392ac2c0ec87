"""A whole ticket on a phone, in a real browser: what a tired person really does."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.confirm_app.desk_rows import PASSWORDS, add_blocked_ticket, count_rows, select


class Phone:
    """The executor's phone: taps and typing, nothing a person could not do."""

    def __init__(self, browser, url: str, screenshots, width: int = 390) -> None:
        self.browser, self.url, self._screenshots, self._width = browser, url, screenshots, width

    def open(self, path: str) -> None:
        """Open a page."""
        self.browser.get(self.url + path)
        self.check_layout(path)

    def submit(self, button) -> None:
        """Tap a button and wait for the next page; the document is new even when its address is not."""
        self.browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center'}); window.isOldPage = true", button
        )
        button.click()
        self._wait()

    def back(self) -> None:
        """Go back in the history."""
        self.browser.execute_script("window.isOldPage = true")
        self.browser.back()
        self._wait()

    def sign_in(self, person: str = "executor") -> None:
        """Fill in the sign-in form."""
        self.browser.find_element(By.NAME, "person").send_keys(person)
        self.browser.find_element(By.NAME, "password").send_keys(PASSWORDS[person])
        self.submit(self.browser.find_element(By.CSS_SELECTOR, "main button"))

    def line(self, number: int):
        """Return a line's card with its form unfolded."""
        card = self.browser.find_element(By.ID, f"line-{number}")
        details = card.find_element(By.CSS_SELECTOR, ".entry-form")
        if not details.get_attribute("open"):
            summary = details.find_element(By.TAG_NAME, "summary")
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", summary)
            summary.click()
        return card

    def choose(self, number: int, outcome: str) -> None:
        """Tap an outcome of a line."""
        choice = self.line(number).find_element(By.CSS_SELECTOR, f"[name=outcome][value={outcome}]")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", choice)
        choice.click()

    def type(self, number: int, **figures: str) -> None:
        """Type into fields of a line, e.g. fill_1_units='6.25'."""
        card = self.line(number)
        for name, text in figures.items():
            field = card.find_element(By.NAME, name.replace("_", "-") if name.startswith("fill") else name)
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", field)
            if field.get_attribute("type") == "time":
                # How a time is typed depends on the browser's language; the picker sets this value.
                self.browser.execute_script("arguments[0].value = arguments[1]", field, text)
            else:
                field.clear()
                field.send_keys(text)

    def record(self, number: int) -> None:
        """Tap the line's record button."""
        self.submit(self.line(number).find_element(By.CSS_SELECTOR, "button[value=record]:not(.default)"))

    def tick(self, doubt: str = "doubt-") -> int:
        """Tick every doubt whose name begins so and return how many there are."""
        ticks = self.browser.find_elements(By.CSS_SELECTOR, f"[name^={doubt}]")
        for tick in ticks:
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", tick)
            tick.click()
        return len(ticks)

    def card_text(self, number: int) -> str:
        """Return what a line's card shows."""
        return self.browser.find_element(By.ID, f"line-{number}").text

    def check_layout(self, name: str) -> None:
        """
        Nothing sticks out at the phone's width, every tap target is large enough; a picture is kept.
        """
        # The driver sets a phone's size anew on each page.
        metrics = {"width": self._width, "height": 844, "deviceScaleFactor": 2.0, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        width, inner = self.browser.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert inner == self._width
        assert width <= inner, f"{name} scrolls sideways: {width} px"
        small = self.browser.execute_script(
            "return [...document.querySelectorAll('button:not(.default), summary, .choices label, input:not([type=hidden])')]"
            ".filter(e => e.offsetParent && !['radio', 'checkbox'].includes(e.type) && e.getBoundingClientRect().height < 40)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        assert not small, f"{name}: too small for a thumb: {small}"
        self.browser.save_screenshot(
            str(self._screenshots / f"{name.strip('/').replace('/', '-') or 'index'}.png")
        )

    def _wait(self) -> None:
        WebDriverWait(self.browser, 30, poll_frequency=0.1).until(
            lambda browser: browser.execute_script(
                "return !window.isOldPage && document.readyState === 'complete'"
            )
        )


@pytest.fixture
def phone(browser, served, ticket, tmp_path) -> Phone:
    """A phone at the ticket's page, signed in."""
    phone = Phone(browser, served, tmp_path)
    phone.open(f"/confirm/{ticket}")
    phone.sign_in()
    assert browser.current_url.endswith(f"/confirm/{ticket}")
    return phone


def test_a_ticket_is_recorded_line_by_line(phone, desk, ticket):
    """
    Done, partly with two fills, skipped, failed, the back button and a correction, as a person does them.
    """
    phone.check_layout("ticket")
    # Done; a first try with a comma is asked for again and keeps what was typed.
    phone.choose(1, "DONE")
    phone.type(1, fill_1_units="6.25", fill_1_price="100", fill_1_value="500,00", fill_1_time="14:52")
    phone.record(1)
    phone.check_layout("errors")
    assert "put a point before the decimals" in phone.card_text(1) and "not offer" not in phone.card_text(1)
    assert select(desk, "select 1 from desk.confirmations") == []
    phone.type(1, fill_1_value="500.00")
    phone.record(1)
    assert "DONE" in phone.card_text(1) and "6.25 units at $100.00 = £500.00" in phone.card_text(1)

    phone.choose(2, "PARTIAL")
    phone.type(2, fill_1_units="2.5", fill_1_price="100", fill_1_value="200", fill_1_time="14:55")
    phone.submit(phone.line(2).find_element(By.CSS_SELECTOR, "[value=more_fills]"))
    phone.type(2, fill_2_units="1.25", fill_2_price="100", fill_2_value="100", fill_2_time="14:58")
    phone.check_layout("two-fills")
    phone.record(2)
    assert "PARTIAL" in phone.card_text(2) and "1.25 units" in phone.card_text(2)

    for number, outcome in ((3, "SKIPPED"), (4, "FAILED")):
        phone.choose(number, outcome)
        assert not phone.line(number).find_element(By.NAME, "fill-1-units").is_displayed()
        phone.record(number)
        assert outcome in phone.card_text(number)

    phone.type(1, fill_1_units="2.5", fill_1_value="200.00", amendment_reason="I read the wrong row.")
    phone.choose(1, "PARTIAL")
    phone.record(1)
    assert "PARTIAL" in phone.card_text(1) and "I read the wrong row." in phone.card_text(1)
    phone.check_layout("recorded")

    statuses = select(
        desk, "select line_number, version_number, status from desk.confirmations order by confirmation_id"
    )
    assert [tuple(row.values()) for row in statuses] == [
        (1, 1, "DONE"),
        (2, 1, "PARTIAL"),
        (3, 1, "SKIPPED"),
        (4, 1, "FAILED"),
        (1, 2, "PARTIAL"),
    ]
    units = {
        row["internal_symbol"]: str(row["units"]) for row in select(desk, "select * from desk.positions_now")
    }
    assert units == {"ALDR": "2.50", "BRCH": "3.75"}


def test_each_doubt_of_a_line_is_ticked_by_itself(phone, desk):
    """Price and time are odd and true; what was ticked stays ticked while the other is still open."""
    phone.choose(1, "DONE")
    phone.type(1, fill_1_units="6.0096", fill_1_price="104", fill_1_value="500.00", fill_1_time="13:52")
    phone.record(1)
    assert phone.tick("doubt-fill-1-price") == 1
    phone.check_layout("line-doubts")
    phone.record(1)
    [ticked] = phone.line(1).find_elements(By.CSS_SELECTOR, "[name^=doubt-]:checked")
    assert ticked.get_attribute("value") == "104 103" and "look at 1 thing" in phone.card_text(1)
    assert phone.tick("doubt-fill-1-time") == 1
    phone.record(1)
    assert "DONE" in phone.card_text(1)


def test_a_double_tap_and_the_back_button_count_once(phone, desk, ticket):
    """
    Two taps before the first answer arrives are one effect; going back shows what is recorded, not the old
    form.
    """
    phone.choose(3, "SKIPPED")
    button = phone.line(3).find_element(By.CSS_SELECTOR, "button[value=record]:not(.default)")
    phone.browser.execute_script(
        "const button = arguments[0]; window.isOldPage = true; button.click(); setTimeout(() => button.click(), 5)",
        button,
    )
    phone._wait()
    assert "SKIPPED" in phone.card_text(3)
    before = count_rows(desk)
    assert before["desk.confirmations"] == 1
    phone.back()
    assert "SKIPPED" in phone.card_text(3)
    assert count_rows(desk) == before


def test_the_enter_key_records(phone, desk, ticket):
    """A phone's Go key sends the form as the record button does, instead of adding a fill row."""
    phone.choose(5, "DONE")
    phone.type(5, fill_1_units="6.25", fill_1_price="100", fill_1_time="14:52")
    field = phone.line(5).find_element(By.NAME, "fill-1-value")
    phone.browser.execute_script("window.isOldPage = true")
    field.send_keys("500.00", Keys.ENTER)
    phone._wait()
    assert "DONE" in phone.card_text(5)


def test_a_no_trade_fits_a_phone_with_everything_opened(phone, desk):
    """Cause and fix first; what follows and each symbol's reason unfold."""
    phone.open(f"/confirm/{add_blocked_ticket(desk, weeks=1)}")
    for summary in phone.browser.find_elements(By.CSS_SELECTOR, "main summary"):
        summary.click()
    assert "outranked" not in phone.browser.find_element(By.TAG_NAME, "main").text
    assert "others rank higher" in phone.browser.find_element(By.TAG_NAME, "main").text
    phone.check_layout("no-trade")
    table = phone.browser.find_element(By.CSS_SELECTOR, ".targets")
    phone.browser.execute_script("arguments[0].scrollIntoView()", table)
    phone.check_layout("no-trade-symbols")


def test_the_other_pages_fit_a_phone_too(phone, desk):
    """Halt and list work with a thumb."""
    for path in ("/", "/halt"):
        phone.open(path)
    phone.browser.find_element(By.NAME, "reason").send_keys("Prices look wrong")
    phone.submit(phone.browser.find_element(By.CSS_SELECTOR, "button.stop"))
    assert "DESK HALTED" in phone.browser.find_element(By.TAG_NAME, "body").text
    phone.open("/incidents")
