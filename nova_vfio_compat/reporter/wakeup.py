# SPDX-License-Identifier: Apache-2.0

"""Waking a thread that waits on descriptors."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import signal
import socket


class Wakeup:
    """Something that is readable once ``ring`` was called.

    ``ring`` is safe in every thread and in signal handlers.
    """

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def fileno(self) -> int:
        return self._read.fileno()

    def writable(self) -> int:
        """Descriptor that is rung by writing a byte to it."""
        return self._write.fileno()

    def ring(self) -> None:
        """Wake whoever waits, now or the next time."""
        # Full: it has been rung often enough. Closed: nobody waits.
        with contextlib.suppress(OSError):
            self._write.send(b"\0")

    def drain(self) -> None:
        """Make it unreadable until the next ``ring``."""
        with contextlib.suppress(BlockingIOError):
            while self._read.recv(4096):
                pass

    def close(self) -> None:
        self._read.close()
        self._write.close()


@contextlib.contextmanager
def signals(
    wakeup: Wakeup,
    handlers: dict[signal.Signals, Callable[[], None]],
) -> Iterator[None]:
    """Call these when signals arrive, and ring; in the main thread only.

    Whichever thread the kernel gives a signal to, the main thread wakes up
    and runs the handler.
    """
    descriptor = signal.set_wakeup_fd(
        wakeup.writable(), warn_on_full_buffer=False
    )
    before = {
        number: signal.signal(number, _handler(function))
        for number, function in handlers.items()
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)


def _handler(function: Callable[[], None]) -> Callable[[int, object], None]:
    def handle(_number: int, _frame: object) -> None:
        function()

    return handle
