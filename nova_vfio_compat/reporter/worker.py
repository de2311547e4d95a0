# SPDX-License-Identifier: Apache-2.0

"""A thread for what may take long, so that nobody has to wait for it."""

from __future__ import annotations

from collections.abc import Callable
import queue
import threading

from nova_vfio_compat.reporter import line
from nova_vfio_compat.reporter import rounds


class Worker:
    """Does one job at a time.

    The process may end while a job is under way: what is written to
    Placement is the old report or the new one at every moment.

    :param work: does a job
    :param done: called in the thread when there is something to ``take``
    :ivar busy: whether a job is under way or its result not yet taken
    """

    def __init__(
        self,
        work: Callable[[rounds.Job], rounds.Result],
        done: Callable[[], None],
    ) -> None:
        self.busy = False
        self._work = work
        self._done = done
        self._jobs: queue.SimpleQueue[rounds.Job | None] = (
            queue.SimpleQueue()
        )
        self._results: queue.SimpleQueue[rounds.Result | BaseException] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(
            target=self._run, name="rounds", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: rounds.Job) -> None:
        """Give it something to do; it must not be busy."""
        self.busy = True
        self._jobs.put(job)

    def take(self) -> rounds.Result | None:
        """The result of the job, once.

        Raises whatever has ended the thread.
        """
        try:
            result = self._results.get_nowait()
        except queue.Empty:
            return None
        if isinstance(result, BaseException):
            raise result
        self.busy = False
        return result

    def end(self, seconds: float) -> None:
        """Let it end if it does within this time."""
        self._jobs.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._results.put(self._work(job))
                self._done()
        except line.Stopped:
            pass
        except BaseException as error:
            self._results.put(error)
            self._done()
