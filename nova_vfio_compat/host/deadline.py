# SPDX-License-Identifier: Apache-2.0

"""Reading attributes that wait for a lock of the kernel.

``sriov_numvfs`` takes the lock of its device (drivers/pci/iov.c,
sriov_numvfs_show); while a driver that hangs holds it, the read never ends
and the thread that reads cannot be killed. So such a read has a thread of
its own, and nobody waits long for it.
"""

from __future__ import annotations

from collections.abc import Callable
import queue
import threading

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import files

SECONDS = 2.0
#: threads that may hang at once: a host where more do is beyond reading
_MOST = 8

Read = Callable[[str, str, int], bytes]


class Deadline:
    """Reads files and gives up after a time.

    :param read: what reads a file, with the arguments of
        :func:`files.read`; may never return
    :param seconds: how long to wait for it
    """

    def __init__(
        self, read: Read = files.read, seconds: float = SECONDS
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._hanging: dict[str, threading.Thread] = {}

    def read(self, path: str, name: str, limit: int) -> bytes:
        """Return what is in a file, as :func:`files.read` does.

        A file whose read hangs still is not read again: a service that
        asks for months would collect threads.

        :raises ReadError: UNREADABLE if there was no answer in time;
            otherwise what reading raises
        """
        with self._lock:
            self._hanging = {
                key: thread for key, thread in self._hanging.items()
                if thread.is_alive()
            }
            hangs = name in self._hanging
            if hangs or len(self._hanging) >= _MOST:
                raise self._no_answer(
                    path,
                    "an earlier read of it hangs still" if hangs
                    else f"{_MOST} other reads hang already",
                )
        answers: queue.SimpleQueue[bytes | errors.ReadError] = (
            queue.SimpleQueue()
        )
        thread = threading.Thread(
            target=self._ask,
            args=(answers, path, name, limit),
            name=f"read {errors.printable(name)}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError as error:
            raise errors.ReadError(
                path, codes.Code.UNREADABLE, f"cannot be read: {error}"
            ) from None
        try:
            answer = answers.get(timeout=self._seconds)
        except queue.Empty:
            with self._lock:
                self._hanging[name] = thread
            raise self._no_answer(
                path, "something holds the device's lock"
            ) from None
        if isinstance(answer, errors.ReadError):
            raise answer
        return answer

    def _ask(
        self,
        answers: queue.SimpleQueue[bytes | errors.ReadError],
        path: str,
        name: str,
        limit: int,
    ) -> None:
        try:
            answers.put(self._read(path, name, limit))
        except errors.ReadError as error:
            answers.put(error)
        except Exception as error:
            answers.put(
                errors.ReadError(
                    path, codes.Code.UNREADABLE, f"cannot be read: {error!r}"
                )
            )

    def _no_answer(self, path: str, why: str) -> errors.ReadError:
        return errors.ReadError(
            path,
            codes.Code.UNREADABLE,
            f"the kernel did not answer within {self._seconds:g} s: {why}",
        )


#: One for the process, so that every scan knows what hangs.
KERNEL = Deadline()
