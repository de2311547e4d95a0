# SPDX-License-Identifier: Apache-2.0

"""How long to wait: after failures, and between regular looks."""

from __future__ import annotations

from collections.abc import Callable
import random

Uniform = Callable[[float, float], float]

#: a server that asks for more is not believed
LONGEST_RETRY_AFTER = 3600.0
# Doubled more often than this, anything is at its limit.
_MOST_DOUBLINGS = 32


class Backoff:
    """Doubling delays with jitter, up to a limit.

    :param first: seconds after the first failure
    :param longest: seconds that they grow to
    """

    def __init__(
        self,
        first: float,
        longest: float,
        uniform: Uniform = random.uniform,
    ) -> None:
        self._first = first
        self._longest = longest
        self._uniform = uniform
        self.failures = 0

    def next(self, asked: float = 0.0, longest: float | None = None) -> float:
        """Seconds to wait after one more failure.

        :param asked: for how long the server wants to be left alone; it
            is, and a little longer, so that not all come back at once
        :param longest: a lower limit for this failure
        """
        doublings = min(self.failures, _MOST_DOUBLINGS)
        self.failures += 1
        delay = min(
            self._first * 2.0**doublings,
            self._longest,
            self._longest if longest is None else longest,
        )
        delay = self._uniform(delay / 2, delay)
        asked = min(asked, LONGEST_RETRY_AFTER)
        return max(delay, self._uniform(asked, asked * 1.25))

    def reset(self) -> None:
        """It has worked: the next failure is a first one."""
        self.failures = 0


def jittered(
    seconds: float, uniform: Uniform = random.uniform
) -> float:
    """An interval that keeps hosts apart that started together."""
    return uniform(seconds * 0.9, seconds * 1.1)
