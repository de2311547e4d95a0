# SPDX-License-Identifier: Apache-2.0

"""What is published while a host's clock does what it wants."""

from __future__ import annotations

import datetime
import tempfile

from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import tree
from nova_vfio_compat.reporter import days
from nova_vfio_compat.reporter import publisher
from tests.functional.placement import base
from tests.unit.placement import samples

REPORT = samples.report_with(pci_0000_81_00_0=samples.nic())
DAY = datetime.timedelta(days=1)


class ClockTestCase(base.PlacementTestCase):
    def setUp(self) -> None:
        super().setUp()
        conf = cfg.ConfigOpts()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(f"[vfio_compat]\ncompute_node = {self.node().name}\n")
            file.flush()
            conf_.load(conf, [], "test", [file.name])
        self.minute = days.minute_of(self.node().uuid)
        self.now = self.at(0)
        self.publisher = publisher.Publisher(
            conf, tree.HostTree("/"), self.client, self.sleeps.append,
            lambda: self.now,
        )
        self.publisher.publish(REPORT, verify=True)

    def at(self, day: int, minute: int = 0) -> datetime.datetime:
        """A time on a day, counted from TODAY, by the host's own minute."""
        midnight = datetime.datetime.combine(
            base.TODAY + day * DAY, datetime.time(), datetime.UTC
        )
        return midnight + datetime.timedelta(minutes=self.minute + minute)

    def writes(self) -> int:
        """Publish once more; how many requests of it were writes."""
        self.wire.log.clear()
        self.publisher.publish(REPORT, verify=True)
        return sum(not line.startswith("GET") for line in self.wire.log)

    def test_a_day_is_renewed_at_its_minute(self) -> None:
        """Not before, not twice, and nothing is asked twice."""
        self.now = self.at(1, -1)
        self.assertEqual(0, self.writes())
        self.assertEqual(0, self.writes())
        self.now = self.at(1)
        self.assertGreater(self.writes(), 0)
        self.assert_published(
            self.node(), REPORT, base.TODAY, base.TODAY + DAY
        )
        self.assertEqual(0, self.writes())

    def test_jumps(self) -> None:
        """Years ahead, and back: the report has the day of the clock."""
        self.now = self.at(1500)
        self.writes()
        self.assert_published(self.node(), REPORT, base.TODAY + 1500 * DAY)
        self.now = self.at(0)
        self.writes()
        self.assert_published(self.node(), REPORT, base.TODAY)

    def test_back_over_midnight(self) -> None:
        """A clock that is put right by a minute costs no write."""
        self.now = self.at(-1, 5)
        self.assertEqual(0, self.writes())
        self.assert_published(self.node(), REPORT, base.TODAY)
