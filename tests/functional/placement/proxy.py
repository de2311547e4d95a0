# SPDX-License-Identifier: Apache-2.0

"""A way to Placement that breaks when it is told to.

An HTTP proxy on loopback before a real Placement, and a Keystone of a few
lines beside it. Requests that no fault is set for pass unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import http.client
import http.server
import json
import re
import socket
import struct
import threading
import time
from urllib import parse

#: below it is Keystone
IDENTITY = "/identity"
_TOKEN = "admin"


@dataclasses.dataclass
class Fault:
    """What happens to the next requests that match.

    :ivar request: pattern of ``METHOD path?query``
    :ivar times: how many requests it happens to
    :ivar before: called first
    :ivar forward: whether Placement gets the request
    :ivar status: this is answered, with ``headers``
    :ivar reset: the connection is reset in the middle of the answer
    :ivar hang: there is no answer until this is set
    """

    request: str = ""
    times: int = 1
    before: Callable[[], object] | None = None
    forward: bool = False
    status: int | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reset: bool = False
    hang: threading.Event | None = None


class Proxy:
    """Listens on a port of its own until it is stopped.

    :ivar url: to be used as Placement's endpoint
    :ivar log: ``METHOD path?query`` of every request
    :ivar times: when each came, on the monotonic clock
    """

    def __init__(self, target: str) -> None:
        self._target = parse.urlsplit(target)
        self._changed = threading.Condition()
        self._faults: list[Fault] = []
        self._server: _Server | None = None
        self._port = 0
        self.log: list[str] = []
        self.times: list[float] = []
        self.listen()
        self.url = f"http://127.0.0.1:{self._port}"

    def listen(self) -> None:
        """Accept connections, on the same port each time."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def refuse(self) -> None:
        """Refuse connections, and end those that there are."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.end_connections()
            self._thread.join()
            self._server = None

    def add(self, fault: Fault) -> Fault:
        """Let this happen."""
        with self._changed:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything pass again."""
        with self._changed:
            self._faults.clear()

    def begin(self, line: str) -> Fault | None:
        """A request has come: what is to happen to it."""
        with self._changed:
            self.log.append(line)
            self.times.append(time.monotonic())
            found = next(
                (
                    item for item in self._faults
                    if item.times and re.search(item.request, line)
                ),
                None,
            )
            if found is not None:
                found.times -= 1
            self._changed.notify_all()
        return found

    def wait(self, pattern: str, count: int = 1) -> None:
        """Wait until so many requests like this have come."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: sum(
                    bool(re.search(pattern, line)) for line in self.log
                ) >= count,
                timeout=30,
            ):
                raise AssertionError(
                    f"{count} times {pattern} did not come: {self.log}"
                )

    def forward(
        self, method: str, path: str, headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Placement's answer."""
        connection = http.client.HTTPConnection(
            self._target.hostname or "", self._target.port, timeout=60
        )
        try:
            connection.request(method, path, body, {
                name: value for name, value in headers.items()
                if name.lower() not in ("host", "connection")
            })
            response = connection.getresponse()
            return (
                response.status, response.getheaders(), response.read()
            )
        finally:
            connection.close()

    def identity(
        self, method: str
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Keystone's answer: its version, or a token with a catalogue."""
        if method == "GET":
            document: object = {"version": {
                "id": "v3.14", "status": "stable", "links": [
                    {"rel": "self", "href": f"{self.url}{IDENTITY}/v3/"},
                ],
            }}
            return 200, [], json.dumps(document).encode()
        document = {"token": {
            "methods": ["password"],
            "expires_at": "2999-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "nova", "domain": {"id": "d"}},
            "catalog": [{
                "type": "placement", "name": "placement", "id": "p",
                "endpoints": [{
                    "interface": name, "region": "R", "region_id": "R",
                    "id": name, "url": self.url,
                } for name in ("internal", "public")],
            }],
        }}
        return (
            201, [("X-Subject-Token", _TOKEN)], json.dumps(document).encode()
        )


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: object, address: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, address)

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for item in list(self._open):
            _reset(item)

    def handle_error(self, request: object, address: object) -> None:
        """Somebody was killed while he waited for the answer."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        proxy = self.server.proxy
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        fault = proxy.begin(f"{self.command} {self.path}") or Fault(
            forward=True
        )
        if fault.before is not None:
            fault.before()
        status, text = fault.status or 200, b"{}"
        headers: list[tuple[str, str]] = []
        if self.path.startswith(IDENTITY):
            status, headers, text = proxy.identity(self.command)
        elif fault.forward or (
            fault.status is None and not fault.reset and fault.hang is None
        ):
            status, headers, text = proxy.forward(
                self.command, self.path, dict(self.headers), body
            )
        if fault.hang is not None:
            fault.hang.wait()
        if fault.status is not None:
            status, headers, text = fault.status, [], b"{}"
        self.send_response(status)
        for name, value in (*headers, *fault.headers.items()):
            if name.lower() not in (
                "content-length", "transfer-encoding", "connection", "date",
                "server",
            ):
                self.send_header(name, value)
        if status != 204:
            self.send_header(
                "Content-Length", str(len(text) + 100 * fault.reset)
            )
        self.end_headers()
        if status != 204:
            self.wfile.write(text)
        if fault.reset:
            self.wfile.flush()
            self.close_connection = True
            _reset(self.connection)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def log_message(self, format: str, *args: object) -> None:
        pass


def _reset(connection: socket.socket) -> None:
    """Close with RST, not with FIN."""
    try:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    connection.close()
