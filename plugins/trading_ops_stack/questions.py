"""
What a desk is set up with: the questions, and answers to all of them or every mistake at once.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from trading_ops.addresses import one_address
from trading_ops.ledger.holdings import opening_cash, rows_of
from trading_ops.ledger.portfolio import SELF_FUNDED_KINDS
from trading_ops.sources.vendors import ONLINE
from trading_ops_stack import certificate, instruments


class InitError(Exception):
    """The desk cannot be set up; the message says why, and that nothing was left behind."""


Answers = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """
    What is asked, under which name in a file, what is taken without an answer, and what is accepted.

    `objection` says what is wrong with an acceptable text, given the answers before it, of which it needs
    those `beside` it; `is_asked` says whether a person is asked at all.
    """

    name: str
    asked: str
    default: str
    accepted: str
    is_accepted: Callable[[str], bool]
    objection: Callable[[str, Answers], str | None] = lambda _text, _before: None
    beside: tuple[str, ...] = ()
    is_asked: Callable[[Answers], bool] = lambda _before: True


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


def _is_amount(text: str) -> bool:
    try:
        opening_cash(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        return "." in one_address(text).domain
    except ValueError:
        return False


def sources_in(text: str) -> list[str]:
    """Return the names of an order of sources."""
    return [] if text == "none" else [name.strip() for name in text.split(",")]


def _is_order(text: str) -> bool:
    names = sources_in(text)
    return set(names) <= set(ONLINE) and len(set(names)) == len(names)


def _another_name(text: str, before: Answers) -> str | None:
    is_same = text == before["operator"]
    return "another name than the operator's is expected, also when it is one person" if is_same else None


def _wanted_key(source: str, text: str, before: Answers) -> str | None:
    is_missing = not text and _is_source(source, before)
    return f"{source} is among the sources and gives nothing without a key" if is_missing else None


def _is_source(source: str, before: Answers) -> bool:
    return source in sources_in(before["fetch_order"])


def _only_with_a_broker(text: str, before: Answers) -> str | None:
    is_paper = before["portfolio_kind"] in SELF_FUNDED_KINDS and text not in ("", "[]") and text.strip("0.")
    return "a book on paper opens with the policy's cash and nothing else" if is_paper else None


def _held(text: str, before: Answers) -> str | None:
    return _only_with_a_broker(text, before) or instruments.positions_objection(text, before)


def _certificate(text: str, _before: Answers) -> str | None:
    return certificate.certificate_objection(text) if text else None


def _key(text: str, before: Answers) -> str | None:
    if bool(text) != bool(before["confirm_certificate"]):
        return "a certificate and its key belong together: both, or neither"
    return certificate.key_objection(text, before["confirm_certificate"]) if text else None


_anything = _matches(r"[^\r\n]*")
_NAME = _matches("(?!desk$|shell$)[a-z][a-z0-9_.-]{0,31}")
_A_NAME = "lower-case letters, digits, dot, dash; not desk or shell"
_AN_ADDRESS = "a mail address"
_YES = _matches("true|false")
QUESTIONS = (
    Question("portfolio_kind", "Real money, or a dry run on paper?", "live", "live or paper", _matches("live|paper")),
    Question("currency", "The currency of the account", "GBP", "GBP, the only one the books can be kept in", _matches("GBP")),
    Question(
        "portfolio_id", "The name of the book", "live_ops", "lower-case letters, digits, _", _matches("[a-z][a-z0-9_]{0,31}")
    ),
    Question("operator", "Who runs the desk? A name to sign in with", "operator", _A_NAME, _NAME),
    Question("operator_email", "The operator's address", "", _AN_ADDRESS, _is_address),
    Question("executor", "Who follows the tickets? A name to sign in with", "executor", _A_NAME, _NAME, _another_name, ("operator",)),
    Question("executor_email", "The executor's address", "", _AN_ADDRESS, _is_address),
    Question("mail", "Send mail through a relay (smtp), or leave it in files (file)?", "smtp", "smtp or file", _matches("smtp|file")),
    Question("mail_from", "The desk's own address", "", _AN_ADDRESS, _is_address),
    Question("smtp_host", "The mail relay", "127.0.0.1", "a host", _matches(r"[A-Za-z0-9.:-]+")),
    Question("smtp_port", "Its port", "587", "a port", _matches("[1-9][0-9]{0,4}")),
    Question(
        "smtp_security", "How it is spoken to: tls, starttls or none (empty: as its port asks for)", "",
        "tls, starttls, none, or nothing", _matches("(tls|starttls|none)?"),
    ),
    Question("smtp_user", "Who logs in there (empty: no login)", "", "a name, or nothing", _matches(r"\S*")),
    Question("smtp_password", "The password of that login", "", "one line", _anything),
    Question("confirm_bind", "The address of this machine the page answers on", "127.0.0.1", "an address", _matches("[0-9a-fA-F.:]+")),
    Question(
        "confirm_certificate", "The file of the page's TLS certificate (empty: plain HTTP, or a proxy speaks TLS)", "",
        "a file, or nothing", _anything, _certificate,
    ),
    Question(
        "confirm_certificate_key", "The file of its private key", "", "a file, or nothing", _anything, _key,
        ("confirm_certificate",), lambda before: bool(before["confirm_certificate"]),
    ),
    Question(
        "confirm_url", "The page's address as a phone opens it (empty: this machine only)", "", "https://... or nothing",
        _matches(r"(https?://[^\s/]+/?)?"),
    ),
    Question(
        "fetch_order", "Who is asked for bars and rates, in this order, with commas (none: nobody, files are dropped into the inbox)",
        "ecb", f"none, or some of {', '.join(sorted(ONLINE))}, each once", _is_order,
    ),
    *(
        Question(
            f"{source}_key", f"The key of {source}", "", "a key without blanks, or nothing", _matches("[!-~]{0,256}"),
            partial(_wanted_key, source), ("fetch_order",), partial(_is_source, source),
        )
        for source in sorted(ONLINE) if ONLINE[source].needs_key
    ),
    Question(
        "universe", "The file of the universe (empty: the one that comes with the desk)", "", "a file, or nothing", _anything,
        instruments.universe_objection,
    ),
    Question(
        "benchmark", "The benchmark, a symbol of the universe (empty: the one its file names)", "", "a symbol, or nothing",
        _matches(r"\S*"), instruments.benchmark_objection, ("universe",),
    ),
    Question(
        "opening_cash_gbp", "Cash at the broker now, in pounds", "0", "an amount such as 5000.00", _is_amount,
        _only_with_a_broker, ("portfolio_kind",),
    ),
    Question(
        "positions", "Stocks held there now: symbol, units, cost in pounds[, held since]; the next one (empty: none)", "",
        "one line", _anything, _held, ("portfolio_kind", "universe"), lambda before: before["portfolio_kind"] == "live",
    ),
    Question("send_test_mail", "Send each person a test mail at the end?", "false", "true or false", _YES),
    Question("send_test_ticket", "Let a test ticket wait for the running desk to send it?", "false", "true or false", _YES),
)  # fmt: skip
SOURCE_KEYS = tuple(f"{source}_key" for source in sorted(ONLINE) if ONLINE[source].needs_key)
# What is typed and shown to nobody.
SECRETS = ("smtp_password", *SOURCE_KEYS)


def read_answers(path: Path) -> dict[str, str]:
    """Return the answers in a YAML file as text, positions as JSON. Raises InitError naming what is wrong."""
    try:
        found = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (texts only)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InitError(f"{path} cannot be read: {error}") from None
    if isinstance(found, dict) and isinstance(found.get("positions"), list):
        try:
            found["positions"] = json.dumps(rows_of(found["positions"]))
        except ValueError as mistake:
            raise InitError(f"{path}: {mistake}") from None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise InitError(f"{path}: a line `question: answer` each is expected")
    return found


def complete(answers: Answers) -> dict[str, str]:
    """Return an answer to every question, with the defaults. Raises InitError naming every mistake."""
    known = {question.name for question in QUESTIONS}
    mistakes = [
        f"{name} is no question; known are {', '.join(sorted(known))}"
        for name in sorted(set(answers) - known)
    ]
    full: dict[str, str] = {}
    right: dict[str, str] = {}
    for question in QUESTIONS:
        text = full[question.name] = answers.get(question.name, question.default).strip()
        if not question.is_accepted(text):
            shown = "what is given" if question.name in SECRETS else repr(text)
            mistakes.append(f"{question.name}: {shown} is not {question.accepted} ({question.asked})")
        # Beside a wrong answer nothing can be said.
        elif right.keys() >= set(question.beside) and (objection := question.objection(text, right)):
            mistakes.append(f"{question.name}: {objection}")
        else:
            right[question.name] = text
    if mistakes:
        raise InitError("nothing was set up:\n  " + "\n  ".join(mistakes))
    return full


def ask(read: Callable[[str, bool], str], said: Answers) -> dict[str, str]:
    """
    Return an answer to every question, each asked until it can be used.

    `read` gets a prompt, and whether what is typed stays hidden; `said` has other defaults.
    """
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        default = said.get(question.name, question.default)
        if not question.is_asked(answers):
            answers[question.name] = default
            continue
        while True:
            shown = f" [{default}]" if default else ""
            text = read(f"{question.asked}{shown}: ", question.name in SECRETS).strip() or default
            mistake = (
                question.objection(text, answers)
                if question.is_accepted(text)
                else f"{question.accepted} is expected"
            )
            if mistake is None:
                answers[question.name] = text
                break
            print(f"  {mistake}")
    return answers
