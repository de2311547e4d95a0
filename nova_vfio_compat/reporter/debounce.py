# SPDX-License-Identifier: Apache-2.0

"""Many events, one look.

Writing 128 to ``sriov_numvfs`` fires several hundred events within seconds,
and a look between two of them sees half of the VFs. Another look follows a
little later: some of what belongs to a device appears after its last event,
such as the ``mdev_type`` link (drivers/vfio/mdev/mdev_core.c,
mdev_device_create) and the count of VFs (drivers/pci/iov.c, sriov_enable,
which fires ``change`` before it stores ``num_VFs``).
"""

from __future__ import annotations

#: seconds without an event after which the host counts as settled
QUIET = 1.0
#: seconds after which it is looked at although it has not settled
LONGEST = 10.0
#: seconds after a look at which there is another one
AGAIN = 5.0


class Debounce:
    """When to look at a host; times are seconds of any one clock."""

    def __init__(
        self,
        quiet: float = QUIET,
        longest: float = LONGEST,
        again: float = AGAIN,
    ) -> None:
        self._quiet = quiet
        self._longest = longest
        self._again = again
        self._first: float | None = None
        self._last = 0.0
        self._second_look: float | None = None

    def event(self, now: float) -> None:
        """Something has happened on the host."""
        if self._first is None:
            self._first = now
        self._last = now

    def due(self) -> float | None:
        """When to look next; None: not before the next event."""
        if self._first is None:
            return self._second_look
        return min(self._last + self._quiet, self._first + self._longest)

    def looked(self, now: float) -> None:
        """The host is looked at, for whatever reason."""
        self._second_look = None
        if self._first is not None:
            self._second_look = now + self._again
            self._first = None
