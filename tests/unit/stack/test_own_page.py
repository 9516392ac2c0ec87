"""Who answers at the page's address is asked before anybody types a password into it."""

import dataclasses
import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from trading_ops.settings import Settings
from trading_ops_stack import card

INSTANCE = "6f1c0a52-0000-4000-8000-000000000001"


@pytest.fixture
def answering(monkeypatch):
    """Return a function that lets a server answer like this at /health, and return settings for it."""
    monkeypatch.setattr(card, "PATIENCE_S", 0)
    made = []

    def begin(*bodies: bytes, tls: ssl.SSLContext | None = None, **settings) -> Settings:
        left = list(bodies)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/health" else 404)
                self.end_headers()
                self.wfile.write(left.pop(0) if len(left) > 1 else left[0])

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
        return dataclasses.replace(Settings(), confirm_port=server.server_port, **settings)

    yield begin
    for server in made:
        server.shutdown()
        server.server_close()


def page(instance_id: str) -> bytes:
    """What the page of a desk says of itself."""
    return json.dumps({"status": "ok", "instance_id": instance_id}).encode()


def test_the_desks_own_page_is_let_through(answering):
    """Its instance id is that of the desk's database."""
    card.require_own_page(answering(page(INSTANCE)), INSTANCE)


def test_a_certificate_of_another_name_is_no_stranger(answering, tmp_path):
    """The page is asked on this machine, whatever name people reach it by."""
    made = tmp_path / "page.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=desk.example.org",
         "-out", made, "-keyout", tmp_path / "page.key"],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made, tmp_path / "page.key")
    card.require_own_page(answering(page(INSTANCE), tls=tls, confirm_certificate=str(made)), INSTANCE)


@pytest.mark.parametrize(
    "body",
    [page("6f1c0a52-0000-4000-8000-000000000002"), b"<html>Welcome to nginx!</html>", b"[]", b"{}", b""],
)
def test_anybody_else_is_refused_in_one_sentence(answering, body):
    """Another desk's page, another program, and what says nothing of itself; with the way on."""
    config = answering(body)
    with pytest.raises(card.StackError) as refused:
        card.require_own_page(config, INSTANCE)
    said = str(refused.value)
    assert said.startswith(f"{config.local_url}/health is not this desk's page (")
    assert "choose a port with TRADING_OPS_CONFIRM_PORT" in said and "\n" not in said


def test_nobody_at_all_is_refused_as_well(answering):
    """A page that ended after it had been started."""
    config = dataclasses.replace(Settings(), confirm_port=1)
    with pytest.raises(card.StackError, match="127.0.0.1:1/health is not this desk's page .*refused"):
        card.require_own_page(config, INSTANCE)


def test_a_page_that_begins_to_answer_is_waited_for(answering, monkeypatch):
    """Its first answer may be that of a server whose database is not there yet."""
    monkeypatch.setattr(card, "PATIENCE_S", 30)
    card.require_own_page(answering(b"", page(INSTANCE)), INSTANCE)
