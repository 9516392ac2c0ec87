"""Who guesses has to wait, wherever the guesses come from, and nobody else does."""

import dataclasses
import threading

import pytest

from confirm_app import create_app
from tests.confirm_app.conftest import Visitor
from tests.confirm_app.desk_rows import PASSWORDS, count_rows, select
from tests.database import rows
from trading_ops.comms.incidents import tell_recorded
from trading_ops.db.connect import connect

STRANGER, HOME = "203.0.113.9", "192.0.2.1"


@pytest.fixture
def knock(app, ticket):
    """Try to sign in, by default as a stranger who guesses, on a new device; return the answer."""

    def knock(person="executor", password="guess", address=STRANGER, client=None, app=app, **headers):
        client = client or app.test_client()
        origin = {"REMOTE_ADDR": address}
        form = Visitor(client).form_of("/sign-in", "/sign-in")
        return client.post(
            "/sign-in",
            data=form | {"person": person, "password": password},
            environ_overrides=origin,
            headers={name.replace("_", "-"): text for name, text in headers.items()},
        )

    return knock


def wait_over(desk) -> None:
    """Let the waits of all counters end now."""
    with rows.superuser(desk) as connection:
        connection.execute("update desk.sign_in_brakes set retry_at = clock_timestamp()")


def codes(answers) -> list[int]:
    """Return the status of each answer."""
    return [answer.status_code for answer in answers]


def test_twenty_guesses_from_twenty_addresses_are_braked(knock, desk):
    """The account counts them, whichever network they come from; even the right password waits then."""
    answers = [knock(address=f"203.0.{n}.9") for n in range(20)]
    assert codes(answers) == [401] * 5 + [429] * 15
    assert knock(password=PASSWORDS["executor"], address="203.0.200.9").status_code == 429
    assert knock("operator", PASSWORDS["operator"], address="203.0.1.9").status_code == 303


def test_twenty_guesses_sent_together_are_braked(knock):
    """Each is counted before its password is looked at, not after."""
    answers = []
    gate = threading.Barrier(20)

    def guess(number):
        gate.wait()
        answers.append(knock(address=f"203.0.{number}.9").status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [401] * 5 + [429] * 15


def test_workers_and_restarts_count_together(knock, desk):
    """A worker of its own for each guess allows no guess more."""
    answers = [knock(app=create_app(desk)) for _ in range(7)]
    assert codes(answers) == [401] * 5 + [429] * 2


def test_guessing_names_is_braked_by_the_network(knock, desk):
    """Twenty names from one /24 or one /64; a neighbour further away signs in, and the names are not kept."""
    for place, away in (("203.0.113.{}", "203.0.114.1"), ("2001:db8::{}", "2001:db8:0:1::1")):
        answers = [knock(f"name{n}", address=place.format(n + 1)) for n in range(21)]
        assert codes(answers) == [401] * 20 + [429]
        assert knock(password=PASSWORDS["executor"], address=place.format(99)).status_code == 429
        assert knock(password=PASSWORDS["executor"], address=away).status_code == 303
    assert not select(desk, "select 1 from desk.sign_in_brakes where counter_name like '%%name%%'")


def test_a_stranger_locks_nobody_out_behind_a_proxy(knock, desk):
    """The proxy's word says who is who: the stranger waits, the executor on a new phone does not."""
    behind = create_app(dataclasses.replace(desk, trusted_proxies="10.0.0.0/24"))
    told = {"app": behind, "address": "10.0.0.7"}
    for number in range(21):
        knock(f"name{number}", **told, X_Forwarded_For=STRANGER)
    assert knock("operator", **told, X_Forwarded_For=STRANGER).status_code == 429
    right = {"password": PASSWORDS["executor"], **told}
    assert knock(**right, X_Forwarded_For=f"{STRANGER}, {HOME}").status_code == 303
    assert knock(**right, X_Forwarded_For=f"{HOME}, {STRANGER}").status_code == 429


def test_a_header_made_up_by_the_guesser_changes_nothing(knock):
    """Nobody trusts a proxy here: twenty names with twenty made-up origins are one network."""
    answers = [knock(f"name{n}", X_Forwarded_For=f"198.51.{n}.1") for n in range(21)]
    assert codes(answers) == [401] * 20 + [429]


def test_a_known_device_signs_in_while_strangers_guess(app, knock, desk):
    """On the account and on its own network; its own mistakes are counted by itself."""
    phone = app.test_client()
    right = {"password": PASSWORDS["executor"], "client": phone}
    assert knock(**right).status_code == 303
    phone.post(
        "/sign-out", data={"csrf_token": Visitor(phone).form_of("/halt", "/halt/engage")["csrf_token"]}
    )
    for number in range(25):
        knock("executor" if number < 6 else f"name{number}")
    assert knock(password=PASSWORDS["executor"]).status_code == 429
    assert knock(**right).status_code == 303
    assert knock(password=PASSWORDS["executor"]).status_code == 429, "strangers wait as before"

    phone.post(
        "/sign-out", data={"csrf_token": Visitor(phone).form_of("/halt", "/halt/engage")["csrf_token"]}
    )
    wrong = codes(knock(client=phone) for _ in range(6))
    assert wrong == [401] * 5 + [429] and knock(**right).status_code == 429
    wait_over(desk)
    assert knock(**right).status_code == 303


def test_a_device_is_known_for_its_own_people_alone(app, knock):
    """The executor's phone is any device for the operator's account, and a made-up cookie is none."""
    phone, forged = app.test_client(), app.test_client()
    assert knock(password=PASSWORDS["executor"], client=phone).status_code == 303
    forged.set_cookie("trading_ops_device", "eyJpZCI6IngiLCJwZW9wbGUiOlsib3BlcmF0b3IiXX0.aaaa.bbbb")
    phone.delete_cookie("trading_ops")
    assert codes(knock("operator") for _ in range(6)) == [401] * 5 + [429]
    assert knock("operator", client=phone).status_code == 429
    assert knock("operator", client=forged).status_code == 429


def test_the_wait_grows_and_is_said(knock, desk):
    """Half a minute, doubled by each failure, a quarter of an hour at most; 429 says when to try again."""
    for _ in range(5):
        knock()
    waits = []
    for _ in range(7):
        answer = knock()
        assert answer.status_code == 429
        waits.append(int(answer.headers["Retry-After"]))
        wait_over(desk)
        assert knock().status_code == 401
    assert all(
        ends - 5 <= wait <= ends for wait, ends in zip(waits, (30, 60, 120, 240, 480, 900, 900), strict=True)
    )
    assert "Try again in 15 min: until then none is looked at." in knock().text


def test_what_was_long_ago_is_forgotten(knock, desk):
    """A failure is taken off each quarter of an hour, and after a day there is no row."""
    for _ in range(4):
        knock()
    with rows.superuser(desk) as connection:
        connection.execute("update desk.sign_in_brakes set failed_at = failed_at - interval '31 minutes'")
    assert codes(knock() for _ in range(4)) == [401, 401, 401, 429]
    with rows.superuser(desk) as connection:
        connection.execute(
            "update desk.sign_in_brakes set failed_at = failed_at - interval '25 hours', retry_at = now()"
        )
    assert knock("operator", PASSWORDS["operator"], address=HOME).status_code == 303
    assert {row["counter_name"] for row in select(desk, "select counter_name from desk.sign_in_brakes")} == {
        "operator", "192.0.2.0/24",
    }  # fmt: skip


def test_the_operator_is_told_once_per_burst_and_the_log_once_per_wait(knock, desk):
    """A mail that names what is guessed and from where; a stranger who goes on knocking fills nothing."""
    for _ in range(12):
        knock()
    for _ in range(2):
        with connect("desk_planner", desk) as connection:
            tell_recorded(connection, desk)
    [incident] = select(desk, "select detail from desk.incidents where code = 'SIGN_IN_BRAKED'")
    assert (
        "account executor after 5 failures" in incident["detail"] and "203.0.113.0/24" in incident["detail"]
    )
    [mail] = select(desk, "select recipient, subject, body_text from desk.outbox")
    assert mail["recipient"] == desk.operator_email
    assert mail["subject"].startswith("Incident SIGN_IN_BRAKED: somebody guesses passwords")
    assert "203.0.113.0/24" in mail["body_text"]
    braked = select(
        desk, "select person, subject, detail from desk.audit_log where action = 'sign_in_braked'"
    )
    assert [(row["person"], row["subject"]) for row in braked] == [("desk", "account/executor")]
    assert (braked[0]["detail"]["network"], braked[0]["detail"]["person"]) == ("203.0.113.0/24", "executor")

    # The next wait is news for the log, and the same burst; an hour of quiet later it is another one.
    wait_over(desk)
    knock(), knock()
    assert len(select(desk, "select 1 from desk.audit_log where action = 'sign_in_braked'")) == 2
    assert len(select(desk, "select 1 from desk.incidents")) == 1
    with rows.superuser(desk) as connection:
        connection.execute("update desk.sign_in_brakes set braked_at = braked_at - interval '61 minutes'")
    knock()
    assert len(select(desk, "select 1 from desk.incidents")) == 2


def test_a_sign_in_says_where_it_came_from(knock, desk):
    """Refused and taken alike, and whether the device was known."""
    knock()
    knock(password=PASSWORDS["executor"])
    told = select(
        desk, "select action, detail from desk.audit_log where action like 'sign_in%%' order by seq"
    )
    detail = {"network": "203.0.113.0/24", "is_known_device": False}
    assert [tuple(row.values()) for row in told] == [("sign_in_refused", detail), ("sign_in", detail)]


def test_somebody_who_waits_changes_nothing_but_his_counter(knock, desk):
    """No row is added by the second knock and later ones."""
    for _ in range(6):
        knock()
    before = count_rows(desk)
    for _ in range(3):
        knock()
    assert count_rows(desk) == before
