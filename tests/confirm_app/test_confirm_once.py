"""A form counts once: sent twice, from two devices, or over a connection that dies at COMMIT."""

import dataclasses
import socket
import threading

from confirm_app import create_app
from tests.confirm_app.conftest import Visitor
from tests.confirm_app.desk_rows import count_rows, fill_fields, select


def test_the_same_form_twice_is_one_effect(executor, desk, ticket):
    """A double tap gets the same answer and adds no row, not even to the audit log."""
    form = executor.line_form(ticket, 1)
    first = executor.confirm(ticket, 1, "DONE", form, **fill_fields())
    before = count_rows(desk)
    second = executor.confirm(ticket, 1, "DONE", form, **fill_fields())
    assert (first.status_code, second.status_code) == (303, 303)
    assert count_rows(desk) == before
    assert before["desk.confirmations"] == before["desk.ledger_trades_fills"] == 1


def test_the_same_key_with_other_figures_is_a_conflict(executor, desk, ticket):
    """Back button, other figures: the first ones count, the page says so and offers a correction."""
    form = executor.line_form(ticket, 1)
    executor.confirm(ticket, 1, "DONE", form, **fill_fields())
    before = count_rows(desk)
    answer = executor.confirm(ticket, 1, "DONE", form, **fill_fields(units="6.20", value="496.00"))
    assert answer.status_code == 409
    assert "already sent with other figures" in answer.text and 'value="496.00"' in answer.text
    other_line = executor.confirm(ticket, 2, "DONE", form, **fill_fields())
    assert other_line.status_code == 409
    assert count_rows(desk) == before


def test_an_old_form_does_not_overwrite_what_somebody_else_recorded(executor, operator, desk, ticket):
    """Two devices opened the line; the second one is told instead of making a version nobody meant."""
    old = operator.line_form(ticket, 1)
    executor.confirm(ticket, 1)
    answer = operator.confirm(ticket, 1, "SKIPPED", old)
    assert answer.status_code == 409 and "recorded meanwhile" in answer.text
    assert [row["status"] for row in select(desk, "select status from desk.confirmations")] == ["DONE"]


def test_an_old_correction_does_not_overwrite_a_newer_one(executor, operator, desk, ticket):
    """The second of two corrections made from the same page has to look at the first."""
    executor.confirm(ticket, 1)
    forms = [visitor.line_form(ticket, 1) for visitor in (executor, operator)]
    reason = {"amendment_reason": "wrong row"}
    assert (
        executor.confirm(
            ticket, 1, "SKIPPED", forms[0] | dict.fromkeys(fill_fields(), ""), **reason
        ).status_code
        == 303
    )
    assert (
        operator.confirm(
            ticket, 1, "DONE", forms[1], **fill_fields(units="6.2", value="496"), **reason
        ).status_code
        == 409
    )
    assert select(desk, "select max(version_number) as n from desk.confirmations")[0]["n"] == 2


def test_two_devices_at_once_make_one_effect(app, desk, ticket):
    """
    Sixteen threads press the button together, half with one form and half with another: one confirmation.
    """
    visitors = [Visitor(app.test_client()) for _ in range(16)]
    for visitor in visitors:
        assert visitor.sign_in().status_code == 303
    shared = [visitors[0].line_form(ticket, 1), visitors[1].line_form(ticket, 1)]
    forms = [
        visitor.line_form(ticket, 1) | {"key": shared[n % 2]["key"]} for n, visitor in enumerate(visitors)
    ]
    gate = threading.Barrier(len(visitors))
    answers = []

    def press(visitor, form):
        gate.wait()
        answers.append(visitor.confirm(ticket, 1, "DONE", form, **fill_fields()).status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(visitors, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303] * 8 + [409] * 8
    counts = count_rows(desk)
    assert counts["desk.confirmations"] == counts["desk.ledger_trades_fills"] == 1
    assert len(select(desk, "select 1 from desk.audit_log where action = 'confirm_line'")) == 1


class CutAtCommit:
    """A wire to Postgres that dies after a COMMIT has gone through, before its answer comes back."""

    def __init__(self, port: int) -> None:
        self.cuts_left = 0
        self.cuts = 0
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._forward, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near), daemon=True).start()

    def _forward(self, near: socket.socket, far: socket.socket) -> None:
        while block := self._receive(near):
            if b"COMMIT" in block and self.cuts_left:
                self.cuts_left -= 1
                self.cuts += 1
                near.shutdown(socket.SHUT_RDWR)
                far.sendall(block)
                return
            far.sendall(block)
        far.close()

    def _pump(self, far: socket.socket, near: socket.socket) -> None:
        while block := self._receive(far):
            try:
                near.sendall(block)
            except OSError:
                continue
        near.close()

    @staticmethod
    def _receive(wire: socket.socket) -> bytes:
        try:
            return wire.recv(65536)
        except OSError:
            return b""

    def close(self) -> None:
        self._listener.close()


def test_a_connection_lost_at_commit_is_asked_again_by_its_key(desk, ticket):
    """Postgres committed, the page never heard: it finds the confirmation instead of writing another."""
    wire = CutAtCommit(desk.db_port)
    visitor = Visitor(create_app(dataclasses.replace(desk, db_port=wire.port)).test_client())
    visitor.sign_in()
    form = visitor.line_form(ticket, 1)
    wire.cuts_left = 1
    assert visitor.confirm(ticket, 1, "DONE", form, **fill_fields()).status_code == 303
    assert wire.cuts == 1
    counts = count_rows(desk)
    assert counts["desk.confirmations"] == counts["desk.ledger_trades_fills"] == 1
    assert len(select(desk, "select 1 from desk.audit_log where action = 'confirm_line'")) == 1
    wire.close()


def test_a_database_that_stays_away_leaves_a_form_to_send_again(desk, ticket):
    """Twice cut, the page does not know and says so; the same form sent later counts once."""
    wire = CutAtCommit(desk.db_port)
    visitor = Visitor(create_app(dataclasses.replace(desk, db_port=wire.port)).test_client())
    visitor.sign_in()
    form = visitor.line_form(ticket, 1)
    wire.cuts_left = 2
    lost = visitor.confirm(ticket, 1, "DONE", form, **fill_fields())
    assert (
        lost.status_code == 503 and "nobody knows yet" in lost.text and f'value="{form["key"]}"' in lost.text
    )
    assert visitor.confirm(ticket, 1, "DONE", form, **fill_fields()).status_code == 303
    assert count_rows(desk)["desk.confirmations"] == 1
    wire.close()
