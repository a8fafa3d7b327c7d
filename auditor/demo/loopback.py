"""A TLS web server on loopback that carries an `App`, goes wrong as told, and records.

Keep-alive and HTTP/1.1 as the real services have them; a thread for each connection.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from auditor.demo.faults import Fault, Faults, Kind
from auditor.demo.wire import App, Recording, Reply, Request, error

HOST = "127.0.0.1"
RATE_LIMIT = 300
LARGEST_BODY = 64 * 1024


class Loopback(ThreadingHTTPServer):
    """Serves an application from `start` to `stop`."""

    daemon_threads = False  # so that `server_close` waits for them and no socket is left behind
    request_queue_size = 128

    def __init__(
        self,
        provider: str,
        app: App,
        tls: ssl.SSLContext | None,
        faults: Faults,
        recording: Recording,
    ) -> None:
        """Listen on a free port, plainly where `tls` is None.

        `provider` names the service in the recording.
        """
        super().__init__((HOST, 0), _Handler)
        self.provider, self.app, self.faults, self.recording = provider, app, faults, recording
        self._tls = tls
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close every connection, idle ones too."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its TLS handshake is left to its own thread."""
        connection, address = super().get_request()
        secure: socket.socket = connection
        if self._tls:
            secure = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._open.add(secure)
        return secure, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that go away; anything else is our mistake and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the faults, then the application, and writes the reply in one go."""

    protocol_version = "HTTP/1.1"
    server_version = "acme"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Loopback

    def do_GET(self) -> None:
        """Answer a request."""
        path, _, query = self.path.partition("?")
        time.sleep(self.server.faults.latency)
        fault = self.server.faults.strike(path)
        if fault and fault.kind in (Kind.DROP, Kind.RESET, Kind.HANG):
            self._leave(fault)
            return
        reply = self._answer(path, query, fault, self._body())
        self.server.recording.add(self.server.provider, self.command, self.path, reply)
        self._send(reply, cut=bool(fault and fault.kind is Kind.CUT))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815 (the base class calls them so)

    def _leave(self, fault: Fault) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        self.server.stopping.wait(fault.seconds)
        if fault.kind is Kind.RESET:
            reset(self.connection)

    def _body(self) -> str:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else 0
        return self.rfile.read(min(size, LARGEST_BODY)).decode("utf-8", "replace")

    def _answer(self, path: str, query: str, fault: Fault | None, body: str) -> Reply:
        if fault and fault.kind not in (Kind.ENDLESS, Kind.CUT):
            return _broken(fault)
        return self.server.app(
            Request(
                self.command,
                path,
                dict(parse_qsl(query, keep_blank_values=True)),
                self.headers.get("Circle-Token") or self.headers.get("Authorization"),
                "application/json" in self.headers.get("Accept", ""),
                endless=bool(fault and fault.kind is Kind.ENDLESS),
                body=body,
            )
        )

    def _send(self, reply: Reply, *, cut: bool = False) -> None:
        payload = reply.payload()
        self.send_response(reply.status)
        if self.command != "GET":  # a body we have not read would be taken for the next request
            self.send_header("Connection", "close")  # says so, and closes it after the reply
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(payload)),
            "X-Request-Id": str(uuid4()),
            "RateLimit-Limit": str(RATE_LIMIT),
            "RateLimit-Remaining": str(RATE_LIMIT - 1),
            "RateLimit-Reset": "1",
            **reply.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload[: len(payload) // 2] if cut else payload)
        self.close_connection |= cut

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the recording has it."""


def reset(connection: socket.socket) -> None:
    """Reset a connection: closed with no time to linger, nobody is told good-bye."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Not through TLS, which would say good-bye; and not `close`, which waits for open files.
    socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _broken(fault: Fault) -> Reply:
    if fault.kind in (Kind.GARBAGE, Kind.BLANK):
        content_type, body = fault.garbage.value
        return Reply(200, body, content_type=content_type)
    if fault.kind is Kind.THROTTLE:
        wait = str(fault.retry_after)
        headers = {"Retry-After": wait, "RateLimit-Remaining": "0", "RateLimit-Reset": wait}
        return error(429, headers=headers)
    return error(fault.status, fault.message, fault.headers)
