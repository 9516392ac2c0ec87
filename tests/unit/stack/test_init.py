"""The questions of `trading-ops init`: asked until they can be used, or refused all together."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack import init
from trading_ops_stack.questions import QUESTIONS, InitError, ask, complete, read_answers

NEEDED = {
    "operator_email": "o@desk.example", "executor_email": "e@desk.example", "mail_from": "d@desk.example",
}  # fmt: skip


def test_answers_are_completed_with_the_defaults():
    """What has no default is asked for."""
    full = complete(NEEDED)
    assert (full["portfolio_id"], full["mail"], full["opening_cash_gbp"]) == ("live_ops", "smtp", "0")
    assert set(full) == {question.name for question in QUESTIONS}


def test_every_mistake_is_told_at_once():
    """Name, what was said and what is accepted; nothing is set up on half of the answers."""
    wrong = {
        "operator_email": "me", "opening_cash_gbp": "5,000", "portfolio_id": "Live Ops", "executor": "operator",
        "smtp_prot": "587",
    }  # fmt: skip
    with pytest.raises(InitError) as refused:
        complete(wrong)
    said = str(refused.value)
    for words in (
        "operator_email: 'me' is not a mail address", "opening_cash_gbp: '5,000' is not an amount",
        "portfolio_id: 'Live Ops' is not", "smtp_prot is no question", "another name than the operator's", "executor_email: ''",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-1", "1e30", "0.001", "£5", ""])
def test_no_cash_that_cannot_be(amount):
    """Neither typed nor in a file."""
    with pytest.raises(InitError, match="opening_cash_gbp"):
        complete(NEEDED | {"opening_cash_gbp": amount})


def test_a_person_is_asked_until_the_answer_can_be_used(capsys):
    """Enter takes the default."""
    typed = {question.asked: [""] for question in QUESTIONS}
    for question in QUESTIONS:
        if question.name in NEEDED:
            typed[question.asked] = ["me", NEEDED[question.name]]
        if question.name == "executor":
            typed[question.asked] = ["operator", "ed"]
    answers = ask(lambda prompt, _: typed[prompt.rpartition(": ")[0].partition(" [")[0]].pop(0), {})
    assert answers == complete(NEEDED | {"executor": "ed"})
    said = capsys.readouterr().out
    assert said.count("a mail address is expected") == 3 and "another name than the operator's" in said


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: {b: c}\n", "a: [\n", "\udcff"])
def test_a_file_that_holds_no_answers_is_named(tmp_path, text):
    """With what is expected in it."""
    path = tmp_path / "answers.yml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InitError, match="answers.yml"):
        read_answers(path)


def pair(folder, name: str, days: int = 2) -> dict[str, str]:
    """Return the answers that name a certificate, which ends in some days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.test")])
    ends_at = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(whose, whose, key.public_key(), 1, ends_at - timedelta(days=30), ends_at)
    files = {"confirm_certificate": folder / f"{name}.pem", "confirm_certificate_key": folder / f"{name}.key"}
    files["confirm_certificate"].write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    files["confirm_certificate_key"].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return {question: str(path) for question, path in files.items()}


def refusal(**answers: str) -> str:
    """Return what is said about answers, each a sentence on its line."""
    with pytest.raises(InitError) as refused:
        complete(NEEDED | answers)
    return str(refused.value).removeprefix("nothing was set up:\n  ")


def test_a_certificate_that_no_phone_would_believe_is_found_before_anything_is_set_up(tmp_path):
    """It is there, not over, and the key is its own."""
    good, other, over = (pair(tmp_path, name, days) for name, days in (("a", 2), ("b", 2), ("c", -1)))
    assert complete(NEEDED | good)["confirm_certificate"] == good["confirm_certificate"]
    key = "confirm_certificate_key"
    assert "is that of another certificate" in refusal(**good | {key: other[key]})
    assert (
        refusal(**good | {key: ""}) == f"{key}: a certificate and its key belong together: both, or neither"
    )
    assert refusal(**over).startswith("confirm_certificate: the certificate ended on 20")
    assert "No such file" in refusal(**good | {"confirm_certificate": "/nowhere.pem"})
    assert "it holds something else" in refusal(**good | {"confirm_certificate": good[key]})


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"currency": "EUR"}, "currency: 'EUR' is not GBP, the only one the books can be kept in"),
        ({"smtp_security": "ssl"}, "smtp_security: 'ssl' is not tls, starttls, none, or nothing"),
        ({"fetch_order": "ecb, bloomberg"}, "fetch_order: 'ecb, bloomberg' is not none, or some of"),
        (
            {"fetch_order": "tiingo"},
            "tiingo_key: tiingo is among the sources and gives nothing without a key",
        ),
        ({"tiingo_key": "a secret"}, "tiingo_key: what is given is not a key without blanks"),
        ({"universe": "/nowhere.csv"}, "universe: /nowhere.csv"),
        ({"benchmark": "ZZZ"}, "benchmark: 'ZZZ' is no instrument of the universe"),
        ({"positions": "ZZZ, 1, 1"}, "positions: position 1: 'ZZZ' is no instrument of the universe"),
        ({"positions": "AAPL, 0, 1"}, "positions: position 1: units of AAPL: 0 are none"),
        ({"positions": "AAPL, NaN, 1"}, "positions: position 1: units of AAPL: 'NaN' is not a number"),
        ({"positions": "AAPL, 1, -1"}, "positions: position 1: cost_gbp of AAPL: '-1' is not a number"),
        ({"positions": "AAPL, 1"}, "positions: position 1: cost_gbp of AAPL: '' is not a number"),
        (
            {"positions": "AAPL, 1, 1, 2999-01-01"},
            "positions: position 1: held_since of AAPL: 2999-01-01 is no day up to",
        ),
        ({"positions": "AAPL, 1, 1; aapl, 2, 2"}, "positions: AAPL is there 2 times"),
        (
            {"positions": "AAPL, 1, 1", "portfolio_kind": "paper"},
            "positions: a book on paper opens with the policy's cash",
        ),
        ({"opening_cash_gbp": "5", "portfolio_kind": "paper"}, "opening_cash_gbp: a book on paper opens"),
    ],
)
def test_a_wrong_answer_is_one_sentence(answers, says):
    """Nothing else is said of it, and a key is not said at all."""
    said = refusal(**answers)
    assert said.startswith(says) and "\n" not in said and "a secret" not in said


def test_positions_are_rows_in_a_file(tmp_path):
    """Each with its names, so that a name with a comma is one; a list of anything else is refused."""
    path = tmp_path / "answers.yml"
    path.write_text(
        "positions:\n- {symbol: Apple (AAPL), units: 1.5, cost_gbp: 90, held_since: 2024-05-31}\n"
    )
    assert complete(NEEDED | read_answers(path))["positions"].startswith('[{"symbol": "Apple (AAPL)"')
    path.write_text("positions:\n- AAPL 1.5\n")
    with pytest.raises(
        InitError, match="a list of rows with symbol, units, cost_gbp, held_since is expected"
    ):
        read_answers(path)


def test_files_that_lie_in_the_folder_already_are_taken_as_they_are(tmp_path):
    """Their order of sources and their universe are the defaults; an answer may change one line of them."""
    for name in ("sources.yml", "universe.csv"):
        (tmp_path / name).write_text((PROJECT_ROOT / "config" / name).read_text())
    sources, universe = tmp_path / "sources.yml", tmp_path / "universe.csv"
    sources.write_text(sources.read_text().replace("fetch_order: [ecb]", "fetch_order: []"))
    universe.write_text(universe.read_text().replace("Apple (AAPL)", "Apple Inc"))
    before = sources.read_text(), universe.read_text()
    told = init._told_by_files(tmp_path)
    init._write_files(tmp_path, complete(told | NEEDED | {"positions": "apple inc, 1, 1"}))
    assert (sources.read_text(), universe.read_text()) == before and (tmp_path / "policy.yml").exists()
    sources.write_text(before[0].replace("fetch_order: []", "fetch_order:\n- ecb"))
    with pytest.raises(InitError, match="write its fetch_order on one line"):
        init._write_files(tmp_path, complete(told | NEEDED))


def test_a_test_mail_is_sent_to_each_person_at_the_end(tmp_path):
    """What became of each is said."""
    config = Settings(data=tmp_path, operator_email="o@desk.example", executor_email="e@desk.example")
    said = init._tried(config, {"send_test_mail": "true", "send_test_ticket": "false"})
    assert [line.partition(": ok: ")[0] for line in said[:2]] == [
        "the test mail to o@desk.example", "the test mail to e@desk.example",
    ]  # fmt: skip
    assert len(list((tmp_path / "mail").iterdir())) == 2 and "trading-ops test-ticket" in said[2]
