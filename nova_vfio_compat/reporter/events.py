# SPDX-License-Identifier: Apache-2.0

"""Events of the kernel's devices, as libudev gives them.

They only ever say that it is time to look: what is true is what the files
say. So nothing depends on them. A monitor that delivers nothing, as
libudev's does without a word in a container that does not see udev
(systemd, src/libsystemd/sd-device/device-monitor.c), costs time, and the
regular looks at the host make up for it.
"""

from __future__ import annotations

import logging
import os
from typing import Any

LOG = logging.getLogger(__name__)

#: An event of one of these may change what a host reports.
SUBSYSTEMS = (
    "pci", "drivers", "module",  # functions, what drives them, upgrades
    "vfio", "vfio-dev", "mdev",
    "infiniband",                # a new firmware that was activated
    "auxiliary",                 # the same, and devlink reload
    "css", "ap", "matrix",
)
#: udevd listens here; without it only the kernel itself has events
UDEV_CONTROL = "/run/udev/control"
# Read at once, so that a storm does not keep the loop from its other work.
_AT_ONCE = 256


class HostEvents:
    """A monitor that may not work, and whose owner need not care.

    Not thread-safe. ``fileno`` is readable when there is something to
    ``drain``.
    """

    def __init__(self, udev_control: str = UDEV_CONTROL) -> None:
        self._control = udev_control
        self._monitor: Any = None
        self._missed: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a monitor."""
        return self._monitor is not None

    def open(self) -> bool:
        """Start to listen, unless it does already; never raises.

        May be called again and again; says once why it cannot.
        """
        if self._monitor is not None:
            return True
        source = "udev" if os.path.exists(self._control) else "kernel"
        try:
            self._monitor = _monitor(source)
        except (ImportError, OSError, ValueError) as error:
            self._lost(f"{error}" or type(error).__name__)
            return False
        if self._missed is not None:
            LOG.info("Events of devices are followed again.")
            self._missed = None
        LOG.debug("Events of devices are followed (source %s).", source)
        return True

    def fileno(self) -> int:
        """The descriptor to wait on; -1 if there is no monitor."""
        return -1 if self._monitor is None else int(self._monitor.fileno())

    def drain(self) -> int:
        """Read what has arrived; returns how many events that is.

        A monitor that breaks is closed. That counts as an event, because
        some may be lost: it is what happens when more arrive than the
        socket holds (ENOBUFS).
        """
        count = 0
        try:
            while self._monitor is not None and count < _AT_ONCE:
                try:
                    device = self._monitor.poll(0)
                except ValueError as error:
                    # pyudev's word for EINVAL: libudev does not understand
                    # the message. It tells of something all the same.
                    LOG.debug("Event that cannot be understood: %s", error)
                    count += 1
                    continue
                if device is None:
                    break
                count += 1
                LOG.debug(
                    "Event: %s %s %s",
                    device.action, device.subsystem, device.device_path,
                )
        except (OSError, MemoryError) as error:
            LOG.debug("Events of devices are lost: %s", error)
            self.close()
            count += 1
        return count

    def close(self) -> None:
        """Stop to listen."""
        self._monitor = None

    def _lost(self, why: str) -> None:
        if self._missed is None:
            LOG.warning(
                "Events of devices cannot be followed, so changes are "
                "noticed at the next regular look ([vfio_compat] "
                "scan_interval): %s", why,
            )
        self._missed = why


def _monitor(source: str) -> Any:
    # Only now: without libudev it cannot be imported.
    import pyudev

    monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source)
    for name in SUBSYSTEMS:
        monitor.filter_by(name)
    monitor.start()
    return monitor
