# SPDX-License-Identifier: Apache-2.0

"""The requests of the service: watched, counted, and stopped when it ends."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any

import requests

from nova_vfio_compat.placement import wire
from nova_vfio_compat.reporter import metrics


class Stopped(Exception):
    """The service ends; nothing more is to be done."""


class Pulse:
    """When something was last known to move on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        self._last = self._clock()

    def age(self) -> float:
        """Seconds since the last ``beat``."""
        return self._clock() - self._last


class Line:
    """A way to Placement around another.

    :param stopping: once it is set no further request is sent
    """

    def __init__(
        self,
        inner: wire.Wire,
        figures: metrics.Figures,
        pulse: Pulse,
        stopping: threading.Event,
    ) -> None:
        self._inner = inner
        self._figures = figures
        self._pulse = pulse
        self._stopping = stopping

    def request(
        self, url: str, method: str, **kwargs: Any
    ) -> requests.Response:
        """Send a request.

        :raises Stopped: not any more
        """
        if self._stopping.is_set():
            raise Stopped()
        self._pulse.beat()
        try:
            response = self._inner.request(url, method, **kwargs)
        finally:
            self._pulse.beat()
        # That somebody still has a name is no conflict.
        if response.status_code == 409 and method != "DELETE":
            self._figures.conflicts += 1
        return response

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts.

        :raises Stopped: not any more
        """
        self._pulse.beat()
        if self._stopping.wait(seconds):
            raise Stopped()
