# SPDX-License-Identifier: Apache-2.0
"""Start, reach and stop the Placement server."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import exceptions
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from demo_lib import errors

MICROVERSION = "1.39"
TOKEN = "admin"  # what Placement's noauth2 takes for an administrator

CONF = """\
[DEFAULT]
log_file = %(folder)s/placement.log

[api]
auth_strategy = noauth2

[placement_database]
connection = sqlite:///%(folder)s/placement.sqlite
sync_on_startup = True
"""


class Placement:
    """The real Placement service over HTTP on loopback."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Start the server; :meth:`wait` before use."""
        self.log = folder / "placement.log"
        (folder / "placement.conf").write_text(CONF % {"folder": folder})
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % listening.getsockname()[1]
        command = [sys.executable, "-P", "-m", "demo_lib.placement_process",
                   str(listening.fileno())]
        with listening, self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=dict(os.environ, OS_PLACEMENT_CONFIG_DIR=str(folder)),
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the demo, which then stops the server.
                start_new_session=True,
            )
        self._adapter = adapter.Adapter(
            session.Session(auth=token_endpoint.Token(self.url, TOKEN)),
            service_type="placement",
            connect_retries=0,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> None:
        """Return when it answers."""
        try:
            self.call("GET", "/")
        except exceptions.ClientException as error:
            raise errors.DemoError(
                "The Placement server did not start.", self.log
            ) from error

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; the answer's JSON, or None if it has none.

        :raises DemoError: for any status from 400 on
        """
        answer = self._adapter.request(
            path, method, json=body, microversion=MICROVERSION,
            raise_exc=False, timeout=30,
        )
        if answer.status_code >= 400:
            raise errors.DemoError(
                "Placement answered %d to %s %s: %s"
                % (answer.status_code, method, path, answer.text),
                self.log,
            )
        return answer.json() if answer.text else None

    def keep(self) -> None:
        """Let it run on when the demo ends."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"keep\n")
        self._process.stdin.close()

    def stop(self) -> None:
        """End it; no error if it has ended."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
