# SPDX-License-Identifier: Apache-2.0

"""Without libudev, and with one that breaks; the rest is in umockdev."""

from __future__ import annotations

import os
import sys
from typing import Any

from oslotest import base

from nova_vfio_compat.reporter import events


class _Breaks:
    """What pyudev's monitor does when the socket has overflown."""

    def poll(self, _timeout: int) -> Any:
        raise OSError(105, os.strerror(105))

    def fileno(self) -> int:
        return 0


class _Stumbles:
    """What it does with messages that libudev does not understand."""

    def __init__(self) -> None:
        self.left = 3

    def poll(self, _timeout: int) -> Any:
        self.left -= 1
        if self.left < 0:
            return None
        raise ValueError(os.strerror(22))

    def fileno(self) -> int:
        return 0


class EventsTestCase(base.BaseTestCase):
    def test_without_libudev(self) -> None:
        """One line in the log, however often it is tried."""
        # What an import meets where pyudev finds no libudev.
        self.patch_dict({"pyudev": None})
        monitor = events.HostEvents()
        with self.assertLogs("nova_vfio_compat.reporter.events") as logs:
            for _ in range(3):
                self.assertFalse(monitor.open())
        self.assertEqual(1, len(logs.output))
        self.assertIn("scan_interval", logs.output[0])
        self.assertEqual(-1, monitor.fileno())
        self.assertEqual(0, monitor.drain())

    def test_it_comes_back(self) -> None:
        """Once it can be opened that is said, too."""
        monitor = events.HostEvents()
        self.patch_dict({"pyudev": None})
        with self.assertLogs("nova_vfio_compat.reporter.events") as logs:
            monitor.open()
            self.patch(events, "_monitor", lambda _source: _Stumbles())
            self.assertTrue(monitor.open())
            self.assertTrue(monitor.open())
        self.assertEqual(
            ["WARNING", "INFO"],
            [record.levelname for record in logs.records],
        )

    def test_lost_events_are_an_event(self) -> None:
        """A socket that has overflown is closed, and the host looked at."""
        self.patch(events, "_monitor", lambda _source: _Breaks())
        monitor = events.HostEvents()
        monitor.open()
        self.assertEqual(1, monitor.drain())
        self.assertFalse(monitor.is_open)
        self.assertEqual(0, monitor.drain())
        self.assertTrue(monitor.open())

    def test_events_that_cannot_be_understood(self) -> None:
        """They count, and the monitor goes on."""
        self.patch(events, "_monitor", lambda _source: _Stumbles())
        monitor = events.HostEvents()
        monitor.open()
        self.assertEqual(3, monitor.drain())
        self.assertTrue(monitor.is_open)

    def test_udev_or_the_kernel(self) -> None:
        """Without udevd the kernel's own events are followed."""
        asked: list[str] = []

        def opened(source: str) -> Any:
            asked.append(source)
            return _Stumbles()

        self.patch(events, "_monitor", opened)
        events.HostEvents(udev_control=__file__).open()
        events.HostEvents(udev_control="/nonexistent/control").open()
        self.assertEqual(["udev", "kernel"], asked)

    def patch_dict(self, modules: dict[str, None]) -> None:
        """Make these modules impossible to import."""
        for name, value in modules.items():
            before = sys.modules.get(name)
            sys.modules[name] = value  # type: ignore[assignment]
            if before is None:
                self.addCleanup(sys.modules.pop, name)
            else:
                self.addCleanup(sys.modules.__setitem__, name, before)
