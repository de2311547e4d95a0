# SPDX-License-Identifier: Apache-2.0

"""What systemd is told: sd_notify(3), as datagrams on a socket.

The protocol is a line of text to a socket whose name is in the environment
and is documented as stable; the libraries for it either need a C compiler,
or bring a service framework, or know only a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
import logging
import os
import socket
import time

LOG = logging.getLogger(__name__)

# systemd cuts what is longer.
_MAX_STATUS = 500


class Notifier:
    """Tells systemd, if it has started this process and wants to know.

    Failing to is no reason to fail.

    :ivar watchdog: seconds within which systemd wants to hear ``alive``;
        None: it does not
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            # In the abstract name space.
            self._address = "\0" + self._address[1:]
        self._status = ""
        self.watchdog = _watchdog(environment)

    def ready(self) -> None:
        """Started up, or reloaded."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Busy with a reload; ``ready`` ends it."""
        # CLOCK_MONOTONIC; needed for Type=notify-reload.
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={usec}")

    def stopping(self) -> None:
        """About to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """The watchdog need not bite."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        text = " ".join(text.split())[:_MAX_STATUS]
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
            ) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), self._address)
        except OSError as error:
            LOG.debug("systemd cannot be told %s: %s", message, error)


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Seconds, of WATCHDOG_USEC, if that is meant for this process."""
    pid = environment.get("WATCHDOG_PID", "")
    usec = environment.get("WATCHDOG_USEC", "")
    if not usec.isdecimal() or int(usec) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None
    return int(usec) / 1_000_000
