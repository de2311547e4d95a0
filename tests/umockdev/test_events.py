# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import select

from oslotest import base

from nova_vfio_compat.reporter import debounce
from nova_vfio_compat.reporter import events
from tests.umockdev import testbed

PF = "0000:81:00.0"


class EventsTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bed = testbed.Testbed()
        self.addCleanup(self.bed.close)
        self.events = events.HostEvents()
        self.addCleanup(self.events.close)

    def arrived(self) -> int:
        """How many events there are, once there is one; 0 if none comes."""
        count = 0
        while select.select([self.events], [], [], 0.5 if not count else 0.05)[
            0
        ]:
            count += self.events.drain()
        return count

    def test_every_subsystem_that_matters(self) -> None:
        """Each of them is heard, others are not."""
        self.assertTrue(self.events.open())
        for name in events.SUBSYSTEMS:
            self.bed.add(name, f"some-{name}")
            self.assertEqual(1, self.arrived(), name)
        for name in ("net", "block", "usb"):
            self.bed.add(name, f"some-{name}")
        self.assertEqual(0, self.arrived())

    def test_a_break_is_an_event(self) -> None:
        """What libudev stumbles over is looked at, and the rest goes on."""
        self.events.open()
        self.bed.add("drivers", "mlx5_core")
        self.assertEqual(1, self.arrived())
        self.bed.add("pci", PF)
        self.assertEqual(1, self.arrived())

    def test_many_functions_are_one_look(self) -> None:
        """128 functions that appear are looked at when it is quiet."""
        pf = self.bed.add("pci", PF, sriov_numvfs="0")
        self.events.open()
        now, looks = 0.0, []
        waiting = debounce.Debounce(quiet=1, longest=10, again=5)
        for number in range(128):
            self.bed.add("pci", f"0000:82:{number // 8:02x}.{number % 8}")
            while select.select([self.events], [], [], 1)[0]:
                for _ in range(self.events.drain()):
                    waiting.event(now)
                break
            now += 0.01
        self.bed.event(pf, "change")
        self.assertEqual(1, self.arrived())
        waiting.event(now)
        while (due := waiting.due()) is not None:
            looks.append(due)
            waiting.looked(due)
        # One when it has settled, and one for what comes late.
        self.assertEqual([now + 1, now + 6], looks)

    def test_a_change_that_somebody_makes_up(self) -> None:
        """``echo change > uevent`` is heard, so is removal and binding."""
        pf = self.bed.add("pci", PF)
        self.events.open()
        for action in ("change", "bind", "unbind", "add", "remove"):
            self.bed.event(pf, action)
            self.assertEqual(1, self.arrived(), action)

    def test_more_than_are_read_at_once(self) -> None:
        """A storm is read in portions, and to its end."""
        pf = self.bed.add("pci", PF)
        self.events.open()
        # Fewer than a socket of this kind holds (max_dgram_qlen).
        for _ in range(8):
            self.bed.event(pf, "change")
        self.patch(events, "_AT_ONCE", 3)

        self.assertEqual(3, self.events.drain())
        self.assertEqual(5, self.arrived())
