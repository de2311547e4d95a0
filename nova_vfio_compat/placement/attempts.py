# SPDX-License-Identifier: Apache-2.0

"""Trying again what can be done twice, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import random
from typing import TypeVar

from nova_vfio_compat.placement import errors

ATTEMPTS = 8
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
# Somebody waits in front of a terminal.
_LONGEST_REQUESTED = 30.0

#: waits a number of seconds
Sleep = Callable[[float], None]
_T = TypeVar("_T")


def attempts(sleep: Sleep) -> Iterator[int]:
    """Count attempts, with a growing pause before each but the first."""
    for attempt in range(ATTEMPTS):
        if attempt:
            longest = min(_FIRST_DELAY * 2.0 ** (attempt - 1), _LONGEST_DELAY)
            # Not a secret, only to keep clients apart.
            sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311
        yield attempt


def insist(request: Callable[[], _T], sleep: Sleep) -> _T:
    """Make requests until they are answered.

    :param request: what may be done again whatever became of it
    :raises Transient: the last failure; it is not known what was done
    """
    for attempt in attempts(sleep):
        try:
            return request()
        except errors.Transient as error:
            if attempt == ATTEMPTS - 1:
                raise
            leave_alone(error, sleep)
    raise AssertionError("there is always an attempt")


def leave_alone(error: errors.Transient, sleep: Sleep) -> None:
    """Wait for as long as the server has asked for, within reason."""
    if error.retry_after:
        sleep(min(error.retry_after, _LONGEST_REQUESTED))
