"""
What a tired person types on a phone, read into exact figures.

Pure functions over text. A figure is either understood without doubt or refused with a message
that says which form is accepted; nothing is ever guessed, rounded or raised past FigureError.
"""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal

from trading_ops.exchange.clocks import ZONES

_PLAIN = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
# No thousands begin with a zero: 0,125 is an eighth.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[, ][0-9]{3})+(?:\.[0-9]+)?")
# One comma or point with three digits behind it: thousands to one person, decimals to another.
_TWO_READINGS = re.compile(r"([1-9][0-9]{0,2})([,.])([0-9]{3})")
# Spaces a keyboard, a copied web page or a spreadsheet puts into a figure.
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f \t]+")
_SIGNS = {"GBP": "£", "USD": "$"}
_DIGITS_MAX = 12
# As many decimals as the ledger keeps of a share (desk.units).
UNIT_PLACES = 8
# From here on two figures are a digit apart. Less than ten, because what is compared may itself be a little
# off (another rate, another price); more than the largest leverage a broker gives on a stock, which is
# forbidden and yet would be true.
TENFOLD_RATIO_MIN = 8


class FigureError(ValueError):
    """A text is no figure the desk can use; the message says what it accepts."""


def parse_figure(
    text: str,
    *,
    places: int,
    currency: str | None = None,
    allow_zero: bool = False,
    allow_negative: bool = False,
) -> Decimal:
    """
    Return the number a person typed, exactly.

    '1,234.50', '1 234.50' and '£1,234.50' are read; '1.234,50', '0,125', '1e5', other digits than 0-9, the
    sign of another currency and more than `places` decimals raise FigureError. So does what two people
    read differently, '3,205' and '3.205': both readings are named, and how each is written without doubt.
    """
    example = "1234.50" if places == 2 else "3.2054"
    figure = _SPACES.sub(" ", text).strip()
    if not figure:
        raise FigureError(f"is missing: write a number such as {example}")
    figure, is_negative = _split_sign(figure)
    figure = _without_currency(figure, currency)
    if not figure.isascii() and any(letter.isdigit() for letter in figure):
        raise FigureError(f"has digits other than 0-9: write it as {example}")
    if re.fullmatch(r"[0-9.,]+[eE][+-]?[0-9]+", figure):
        raise FigureError(f"is in scientific notation: write it out, such as {example}")
    _refuse_two_readings(figure, places)
    if not _PLAIN.fullmatch(figure) and not _GROUPED.fullmatch(figure):
        if re.fullmatch(r"[0-9., ]*[, ][0-9., ]*", figure):
            mark = "comma" if "," in figure else "space"
            raise FigureError(
                f"has a {mark} where none belongs: put a point before the decimals and commas or spaces only "
                f"between thousands, such as {example} or 1,234.50"
            )
        raise FigureError(f"is not a number: write it as {example}")
    if "," in figure and " " in figure:
        raise FigureError(f"mixes commas and spaces: write it as {example}")
    digits, _, decimals = figure.replace(",", "").replace(" ", "").partition(".")
    if len(digits.lstrip("0")) > _DIGITS_MAX:
        raise FigureError(f"is too large: at most {_DIGITS_MAX} digits before the point")
    if len(decimals) > places:
        raise FigureError(f"has {len(decimals)} decimals: at most {places} are accepted")
    value = Decimal(f"{digits or '0'}.{decimals or '0'}")
    if is_negative and not allow_negative:
        raise FigureError("is negative: write it without a minus, the form knows the direction")
    if value == 0 and not allow_zero:
        raise FigureError("is zero: write what was really shown")
    return -value if is_negative else value


def is_tenfold(figure: Decimal, expected: Decimal) -> bool:
    """Say whether two figures are an order of magnitude apart, in either direction, or of opposite signs."""
    smaller, larger = sorted((abs(figure), abs(expected)))
    return figure * expected < 0 or (larger > 0 and larger >= TENFOLD_RATIO_MIN * smaller)


def exact(*figures: Decimal) -> str:
    """Return figures as a form carries them back: every digit that counts and no other."""
    return " ".join(f"{figure.normalize():f}" for figure in figures)


def as_typed(value: Decimal) -> str:
    """Return a figure as parse_figure reads it back, for a form that is filled in already."""
    text = f"{value.normalize():f}"
    return f"{text}0" if _TWO_READINGS.fullmatch(text) else text


def parse_instant(date_text: str, time_text: str, zone_name: str) -> datetime:
    """
    Return the instant, in UTC, of a local date (2026-06-15) and time (14:52) in London or New York.

    The hour that the clocks skip or repeat raises FigureError: it names no single instant.
    """
    zone = ZONES.get(zone_name)
    if zone is None:
        raise FigureError("needs a clock: choose London or New York")
    found_date = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", date_text.strip())
    if not found_date:
        raise FigureError("needs a date such as 2026-06-15 (year-month-day)")
    found_time = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", time_text.strip())
    if not found_time:
        raise FigureError("needs a time such as 14:52 (24-hour clock)")
    try:
        day = date(*map(int, found_date.groups()))
        at = time(*(int(part or 0) for part in found_time.groups()))
    except ValueError:
        raise FigureError(f"does not exist: {date_text.strip()} {time_text.strip()}") from None
    if not 2000 <= day.year <= 2100:
        raise FigureError("has a year outside 2000-2100")
    local = datetime.combine(day, at, tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise FigureError("falls into the hour in which the clocks change: use the other clock")
    return local.astimezone(UTC)


def parse_text(text: str, *, length_max: int, is_required: bool = False) -> str:
    """Return a remark with plain line ends; too long or with control characters raises FigureError."""
    remark = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if is_required and not remark:
        raise FigureError("is missing: a few words are enough")
    if len(remark) > length_max:
        raise FigureError(f"has {len(remark)} characters: at most {length_max} are kept")
    # Postgres stores no NUL, UTF-8 no lone surrogate, and no person types the other control characters.
    if any(
        (ord(letter) < 32 and letter not in "\n\t") or 0xD800 <= ord(letter) <= 0xDFFF for letter in remark
    ):
        raise FigureError("has characters that cannot be stored: type it again")
    return remark


def parse_key(text: str) -> str:
    """Return the one-time key a form carries; anything the page cannot have made raises FigureError."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", text):
        raise FigureError("is missing from the form: open the page again and send it from there")
    return text


def _split_sign(figure: str) -> tuple[str, bool]:
    # A minus as keyboards and spreadsheets write it, or the brackets of an account statement.
    if figure.startswith("(") and figure.endswith(")"):
        return figure[1:-1].strip(), True
    if figure[0] in "-\u2212\u2013":
        return figure[1:].strip(), True
    return figure, False


def _refuse_two_readings(figure: str, places: int) -> None:
    found = _TWO_READINGS.fullmatch(figure)
    # Money has two decimals, so its comma can only stand between thousands.
    if found and (places > 2 or found[2] == "."):
        whole, decimals = found[1] + found[3], f"{found[1]}.{found[3]}"
        as_decimals = f"{decimals}0" if places > 2 else decimals[:-1]
        raise FigureError(
            f"can be read as {whole} and as {decimals}: write {whole} or {as_decimals}"
            + (f", at most {places} decimals are accepted" if places <= 2 else "")
        )


def _without_currency(figure: str, currency: str | None) -> str:
    for code, sign in (*_SIGNS.items(), ("EUR", "€")):
        if figure.startswith(sign) or figure.endswith(sign):
            if code != currency:
                wanted = f"this field is in {currency}" if currency else "this field has no currency"
                raise FigureError(f"is written with {sign}: {wanted}")
            return figure.strip(sign).strip()
    return figure
