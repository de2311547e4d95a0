# SPDX-License-Identifier: Apache-2.0

"""The whole service under events: from the kernel's word to Placement."""

from __future__ import annotations

from tests.functional.placement import service as service_
from tests.umockdev import testbed

PF = "0000:81:00.0"


class EventServiceTestCase(service_.ServiceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bed = testbed.Testbed()
        self.addCleanup(self.bed.close)
        # Nothing but events makes it look.
        self.vfio_compat["scan_interval"] = "3600"
        self.pf = self.bed.add("pci", PF)

    def test_what_an_event_tells_is_published(self) -> None:
        """A driver that was upgraded is published without a signal."""
        # The library has set it behind the back of os.environ.
        service = self.started(UMOCKDEV_DIR=self.bed.root)
        self.set_version("3.0.0")
        self.bed.event(self.pf, "change")

        service.wait_log("was published", 2)

        self.assertEqual("3.0.0", self.version())
        self.assertEqual(0, service.end())
