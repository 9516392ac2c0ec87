"""
How the page is served, on a machine and in a container: `gunicorn --config python:confirm_app.serving`.

gunicorn reads the names below as its options. A thread waits for one visitor, so idle phones and half-sent
forms keep nobody else waiting; one that says nothing for SILENCE_S loses its connection. Whoever opens
connections by the hundred needs a proxy in front.
"""

import socket
import struct
import tempfile
from pathlib import Path

from trading_ops.accepted import with_port
from trading_ops.settings import settings

# A form is one packet; a phone in a tunnel sends it again.
SILENCE_S = 10

_desk = settings()

wsgi_app = "confirm_app:create_app()"
bind = with_port(_desk.confirm_bind, _desk.confirm_port)
worker_class = "gthread"
workers = 2
threads = 128
certfile = _desk.confirm_certificate or None
keyfile = _desk.confirm_certificate_key or None
accesslog = "-"
# A worker tells that it lives by touching a file: memory is never slow, and a container's disk is read-only.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()
# No header of a visitor, passed on by a proxy on this machine, says what the address of the page is.
forwarder_headers = ""
# Who may command the server is who may send it signals.
control_socket_disable = True


def when_ready(server) -> None:
    """Let every connection accepted from here on end after SILENCE_S without a byte (Linux: socket(7))."""
    silence = struct.pack("ll", SILENCE_S, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
