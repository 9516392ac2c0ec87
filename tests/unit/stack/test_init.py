"""The questions of `trading-ops init`: asked until they can be used, or refused all together."""

import pytest

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
        "portfolio_id: 'Live Ops' is not", "smtp_prot is no question", "under two names", "executor_email: ''",
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
    answers = ask(lambda prompt: typed[prompt.rpartition(": ")[0].partition(" [")[0]].pop(0))
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
