# SPDX-License-Identifier: Apache-2.0

"""The service: when to do a round, and when to end.

One thread, the main one, waits: for events of the kernel, for signals, for
the worker, for time to pass. It does nothing that may take long itself, so
it ends at once when it is told to, whatever Placement or the host do.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import select
import threading
import time

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.reporter import backoff
from nova_vfio_compat.reporter import debounce as debounce_
from nova_vfio_compat.reporter import events as events_
from nova_vfio_compat.reporter import notify
from nova_vfio_compat.reporter import rounds as rounds_
from nova_vfio_compat.reporter import wakeup
from nova_vfio_compat.reporter import worker as worker_

LOG = logging.getLogger(__name__)

#: seconds that a round has to end by itself when the service ends
GRACE = 0.5


class Daemon:
    """Keeps the report of a host true until it is told to stop.

    ``stop`` and ``reload`` are safe in every thread and signal handler.

    :param load: reads the configuration; called at once, and again for
        every reload
    :param clock: seconds of a clock that nobody sets
    """

    def __init__(
        self,
        load: Callable[[], rounds_.Setup],
        notifier: notify.Notifier,
        events: events_.HostEvents,
        debounce: debounce_.Debounce | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wakeup = wakeup.Wakeup()
        self._load = load
        self._notifier = notifier
        self._events = events
        self._debounce = debounce or debounce_.Debounce()
        self._clock = clock
        self._setup = load()
        self._new_setup: rounds_.Setup | None = None
        self._stopping = threading.Event()
        self._must_reload = threading.Event()
        self._rounds = rounds_.Rounds(self._setup, self._stopping)
        self._worker = worker_.Worker(self._rounds.run, self.wakeup.ring)
        self._ready = False
        self._next_check = clock()
        self._hold_until: float | None = None
        self._next_ping = clock()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
        self.wakeup.ring()

    def reload(self) -> None:
        """Read the configuration again, then look and publish."""
        self._must_reload.set()
        self.wakeup.ring()

    def close(self) -> None:
        """Give back what waiting needs, after ``run``."""
        self.wakeup.close()

    def run(self) -> None:
        """Work until told to stop."""
        self._notifier.status("Looking at the host")
        self._worker.start()
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._stopping.set()
            self._notifier.stopping()
            self._worker.end(GRACE)
            self._events.close()
            LOG.debug("Ended.")

    def _turn(self) -> None:
        if self._must_reload.is_set():
            self._must_reload.clear()
            self._read_again()
        result = self._worker.take()
        if result is not None:
            self._handle(result)
        now = self._clock()
        due = self._due()
        if not self._worker.busy and now >= due:
            self._begin(now)
        self._ping(now)
        self._wait(now)

    def _due(self) -> float:
        """When to do the next round."""
        if self._hold_until is not None:
            return self._hold_until
        event = self._debounce.due()
        if event is None:
            return self._next_check
        return min(event, self._next_check)

    def _begin(self, now: float) -> None:
        # Before the look, which then sees what happens until now.
        self._events.open()
        self._debounce.looked(now)
        verify = self._hold_until is not None or now >= self._next_check
        if verify:
            interval = self._setup.conf.vfio_compat.scan_interval
            self._next_check = now + backoff.jittered(interval)
        self._hold_until = None
        self._worker.submit(rounds_.Job(verify, self._new_setup))
        self._new_setup = None

    def _handle(self, result: rounds_.Result) -> None:
        again = self._clock() + result.retry
        if self._new_setup is not None:
            # Of a configuration that is no longer the one.
            self._next_check = self._clock()
        elif result.hold:
            self._hold_until = again
        elif not result.good:
            self._next_check = min(self._next_check, again)
        self._notifier.status(result.status)
        if result.ready and not self._ready:
            self._ready = True
            self._notifier.ready()

    def _read_again(self) -> None:
        if self._ready:
            self._notifier.reloading()
        try:
            self._setup = self._new_setup = self._load()
        except (conf_.ConfigurationError, host_errors.HostError) as error:
            LOG.error("The configuration stays as it was: %s", error)
        else:
            LOG.info("The configuration was read again.")
        self._next_check = self._clock()
        self._hold_until = None
        if self._ready:
            self._notifier.ready()

    def _ping(self, now: float) -> None:
        if self._notifier.watchdog is None or now < self._next_ping:
            return
        self._next_ping = now + self._notifier.watchdog / 3
        # A round that is stuck is what a watchdog is for.
        if (
            not self._worker.busy
            or self._rounds.pulse.age() < self._notifier.watchdog
        ):
            self._notifier.alive()

    def _wait(self, now: float) -> None:
        """Until something happens or it is time for something."""
        times = []
        if not self._worker.busy:
            times.append(self._due())
        if self._notifier.watchdog is not None:
            times.append(self._next_ping)
        poll = select.poll()
        poll.register(self.wakeup, select.POLLIN)
        events = self._events.fileno()
        if events >= 0:
            poll.register(events, select.POLLIN)
        timeout = max(min(times) - now, 0.0) * 1000 if times else None
        for descriptor, flags in poll.poll(timeout):
            if descriptor != events:
                self.wakeup.drain()
                continue
            happened = self._events.drain()
            if flags & ~select.POLLIN:
                # It would never be silent again.
                self._events.close()
                happened += 1
            if happened:
                self._debounce.event(self._clock())
