# SPDX-License-Identifier: Apache-2.0

"""The reporter as systemd runs it: a process with a socket to tell."""

from __future__ import annotations

from collections.abc import Sequence
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from tests.functional.placement import proxy as proxy_
from tests.functional.placement import test_reporter

# Nothing takes that long; without it a test that fails would never end.
_SECONDS = 30


class Service:
    """A reporter that runs until it is told to end.

    :ivar log: the lines that it has written
    :ivar told: the messages that systemd would have got
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str]
    ) -> None:
        self.log: list[str] = []
        self.told: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._folder = tempfile.TemporaryDirectory()
        address = os.path.join(self._folder.name, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **environment, "NOTIFY_SOCKET": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._read_log, self._read_socket)
        ]
        for thread in self._threads:
            thread.start()

    def wait_log(self, pattern: str, count: int = 1) -> None:
        """Wait until so many lines like this were written."""
        self._wait(self.log, pattern, count)

    def wait_told(self, pattern: str, count: int = 1) -> None:
        """Wait until systemd was told this so often."""
        self._wait(self.told, pattern, count)

    def lines(self, pattern: str) -> list[str]:
        """The lines like this that were written so far."""
        with self._changed:
            return [line for line in self.log if re.search(pattern, line)]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended; its log is whole then."""
        code = self.process.wait(_SECONDS)
        self._threads[0].join(_SECONDS)
        return code

    def end(self) -> int:
        """Tell it to end; returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        # Wakes the thread that reads from it.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._threads[1].join(_SECONDS)
        self._socket.close()
        self._folder.cleanup()

    def _wait(self, texts: list[str], pattern: str, count: int) -> None:
        def arrived() -> bool:
            found = sum(bool(re.search(pattern, text)) for text in texts)
            return found >= count

        def over() -> bool:
            return arrived() or self._ended

        with self._changed:
            self._changed.wait_for(over, _SECONDS)
            if not arrived():
                raise AssertionError(
                    f"{count} times {pattern!r} did not come.\n"
                    + "\n".join([*self.log, *self.told])
                )

    def _read_log(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.log.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_socket(self) -> None:
        while data := self._socket.recv(4096):
            with self._changed:
                self.told.append(data.decode())
                self._changed.notify_all()


class ServiceTestCase(test_reporter.CommandTestCase):
    """A host, a Placement, and a proxy between the two."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = proxy_.Proxy(self.server.url)
        self.addCleanup(self.proxy.refuse)
        self.placement["endpoint"] = self.proxy.url
        # Such as it is in a second or two of an operator's time.
        self.vfio_compat |= {
            "retry_interval": "0.05", "max_retry_interval": "0.2",
        }

    def write_conf(self) -> None:
        super().write_conf()
        with open(self.conf) as file:
            lines = [line for line in file if not line.startswith("log_dir")]
        with open(self.conf, "w") as file:
            # A service writes its log where nova.conf says.
            file.writelines(lines)

    def start(self, **environment: str) -> Service:
        """Start a reporter with the configuration of now."""
        self.write_conf()
        service = Service(
            [
                "nova_vfio_compat.reporter.main",
                *("--config-file", self.conf, "--root", self.host),
            ],
            environment,
        )
        self.addCleanup(service.close)
        return service

    def started(self, **environment: str) -> Service:
        """Start one and wait until it has published."""
        service = self.start(**environment)
        service.wait_told("READY=1")
        service.wait_log("was published|is unchanged")
        return service

    def set_version(self, version: str) -> None:
        """Another version of the driver."""
        self.write_function(
            "0000:81:00.0", "1889",
            {**test_reporter.SELF, "software_version": version},
        )

    def version(self) -> str | None:
        """What is published of the driver's version."""
        found = self.published(self.node())
        self.assertEqual((), found.problems)
        (class_,) = found.classes.values()
        return (class_.state or {}).get("software_version")
