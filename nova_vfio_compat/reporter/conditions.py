# SPDX-License-Identifier: Apache-2.0

"""One line in the log when something begins, and one when it is over."""

from __future__ import annotations

from collections.abc import Callable
import logging
import time

LOG = logging.getLogger(__name__)


class Condition:
    """Something that lasts, such as a Placement that is down.

    :param clock: seconds of a clock that nobody sets
    :ivar failures: how often in a row
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kind: str | None = None
        self._since = 0.0
        self.failures = 0

    def bad(
        self,
        kind: str,
        text: str,
        level: int,
        bug: BaseException | None = None,
    ) -> None:
        """It is so; logged if it was not before, or was another kind.

        :param bug: an exception whose traceback belongs into the log
        """
        self.failures += 1
        if kind == self._kind:
            LOG.debug("Still so: %s", text)
            return
        if self._kind is None:
            self._since = self._clock()
        self._kind = kind
        text = " ".join(text.split()).rstrip(".")
        text = f"{text[:1].upper()}{text[1:]}"
        LOG.log(level, "%s.", text, exc_info=bug)

    def good(self, text: str) -> None:
        """It is over; logged if it was there."""
        if self._kind is None:
            return
        LOG.info(
            "%s, after %d s and %d failures.",
            text, self._clock() - self._since, self.failures,
        )
        self._kind = None
        self.failures = 0


class Lines:
    """Lines that are worth saying once, for as long as they are true."""

    def __init__(self) -> None:
        self._said: frozenset[str] = frozenset()

    def new(self, lines: tuple[str, ...]) -> list[str]:
        """Those that were not among the lines of the last time."""
        found = [line for line in lines if line not in self._said]
        self._said = frozenset(lines)
        return found
