"""
What a desk is set up with: the questions, and answers to all of them or every mistake at once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from trading_ops.addresses import one_address


class InitError(Exception):
    """The desk cannot be set up; the message says why, and that nothing was left behind."""


@dataclass(frozen=True)
class Question:
    """What is asked, under which name in a file, what is taken without an answer, and what is accepted."""

    name: str
    asked: str
    default: str
    accepted: str
    is_accepted: Callable[[str], bool]


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and 0 <= amount <= 1_000_000_000 and amount == round(amount, 2)


def _is_address(text: str) -> bool:
    try:
        return "." in one_address(text).domain
    except ValueError:
        return False


_NAME = _matches("(?!desk$|shell$)[a-z][a-z0-9_.-]{0,31}")
_A_NAME = "lower-case letters, digits, dot, dash; not desk or shell"
_AN_ADDRESS = "a mail address"
QUESTIONS = (
    Question("portfolio_kind", "Real money, or a dry run on paper?", "live", "live or paper", _matches("live|paper")),
    Question(
        "portfolio_id", "The name of the book", "live_ops", "lower-case letters, digits, _", _matches("[a-z][a-z0-9_]{0,31}")
    ),
    Question("operator", "Who runs the desk? A name to sign in with", "operator", _A_NAME, _NAME),
    Question("operator_email", "The operator's address", "", _AN_ADDRESS, _is_address),
    Question("executor", "Who follows the tickets? A name to sign in with", "executor", _A_NAME, _NAME),
    Question("executor_email", "The executor's address", "", _AN_ADDRESS, _is_address),
    Question("mail", "Send mail through a relay (smtp), or leave it in files (file)?", "smtp", "smtp or file", _matches("smtp|file")),
    Question("mail_from", "The desk's own address", "", _AN_ADDRESS, _is_address),
    Question("smtp_host", "The mail relay", "127.0.0.1", "a host", _matches(r"[A-Za-z0-9.:-]+")),
    Question("smtp_port", "Its port", "587", "a port", _matches("[1-9][0-9]{0,4}")),
    Question("smtp_user", "Who logs in there (empty: no login)", "", "a name, or nothing", _matches(r"\S*")),
    Question("smtp_password", "The password of that login", "", "one line", _matches(r"[^\r\n]*")),
    Question("confirm_bind", "The address of this machine the page answers on", "127.0.0.1", "an address", _matches("[0-9a-fA-F.:]+")),
    Question(
        "confirm_url", "The page's address as a phone opens it (empty: this machine only)", "", "https://... or nothing",
        _matches(r"(https?://[^\s/]+/?)?"),
    ),
    Question("opening_cash_gbp", "Cash at the broker now, in pounds", "0", "an amount such as 5000.00", _is_amount),
)  # fmt: skip


def read_answers(path: Path) -> dict[str, str]:
    """Return the answers in a YAML file as text. Raises InitError naming what is wrong."""
    try:
        found = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (texts only)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InitError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise InitError(f"{path}: a line `question: answer` each is expected")
    return found


def complete(answers: dict[str, str]) -> dict[str, str]:
    """Return an answer to every question, with the defaults. Raises InitError naming every mistake."""
    known = {question.name for question in QUESTIONS}
    mistakes = [
        f"{name} is no question; known are {', '.join(sorted(known))}"
        for name in sorted(set(answers) - known)
    ]
    full = {}
    for question in QUESTIONS:
        text = full[question.name] = answers.get(question.name, question.default).strip()
        if not question.is_accepted(text):
            mistakes.append(f"{question.name}: {text!r} is not {question.accepted} ({question.asked})")
    if full["operator"] == full["executor"]:
        mistakes.append(
            "executor: the operator and the executor sign in under two names, also when they are one person"
        )
    if mistakes:
        raise InitError("nothing was set up:\n  " + "\n  ".join(mistakes))
    return full


def ask(read: Callable[[str], str]) -> dict[str, str]:
    """Return an answer to every question, each asked until it can be used."""
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        while True:
            shown = f" [{question.default}]" if question.default else ""
            text = read(f"{question.asked}{shown}: ").strip() or question.default
            if not question.is_accepted(text):
                print(f"  {question.accepted} is expected")
            elif question.name == "executor" and text == answers["operator"]:
                print("  another name than the operator's is expected, also when it is one person")
            else:
                answers[question.name] = text
                break
    return answers
