# SPDX-License-Identifier: Apache-2.0

"""Hosts of which a part cannot be read."""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import Any

from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import offered
from nova_vfio_compat.placement import report
from tests import trees
from tests.unit.host import base

VF = "0000:81:00.2"
SIBLING = "0000:81:00.3"
VF_NAME = "pci_0000_81_00_2"
PF_NAME = "pci_0000_81_00_0"
IDS = {"vendor_id": "15b3", "product_id": "101e"}


def spec(**entry: Any) -> offered.Offered:
    """What a nova.conf with this device_spec entry offers."""
    return offered.Offered([json.dumps(entry)])


class PartialTestCase(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.kernel().mlx5_pf(base.PF, vfs=2)

    def pf_is_uncertain(self, found: offered.Offered | None) -> None:
        """The report of the PF has a class of which nothing is known."""
        published = report.report_of(self.scan(found))
        ids = published.devices[report.device_name(PF_NAME)]
        reasons = [published.classes[one].reason for one in ids]
        self.assertEqual(2, len(reasons))
        self.assertEqual(
            1, len([one for one in reasons if one and one.is_unknown])
        )
        self.assertIn(report.device_name(VF_NAME), published.devices)

    def loop(self, path: pathlib.Path) -> None:
        """Put a link there that leads to itself."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        self.host.break_file(path)


class OfferedTest(PartialTestCase):
    def test_an_id_that_cannot_be_told(self) -> None:
        """A VF whose ids cannot be read may be the one that is offered."""
        for name in ("vendor", "device"):
            path = self.host.path(VF) / name
            good = path.read_text()
            self.host.break_file(path)
            self.pf_is_uncertain(spec(**IDS))
            path.unlink()
            path.write_text("mlx5\n")
            self.pf_is_uncertain(spec(**IDS))
            path.unlink()
            path.write_text(good)

    def test_an_id_that_is_missing(self) -> None:
        """The same without the file."""
        (self.host.path(VF) / "vendor").unlink()
        self.pf_is_uncertain(spec(**IDS))

    def test_the_rest_of_the_entry_decides(self) -> None:
        """Another address or another known id still is another device."""
        self.host.break_file(self.host.path(VF) / "vendor")
        for entry in (
            {**IDS, "address": SIBLING},
            {"vendor_id": "15b3", "product_id": "ffff"},
        ):
            self.assertFalse(self.devices(spec(**entry))[VF_NAME].offered)
        found = self.devices(spec(**IDS, address=base.PF))
        self.assertTrue(found[VF_NAME].offered)


class LostTest(PartialTestCase):
    def lose(self) -> None:
        """Make the VF one that only its PF tells of."""
        self.loop(self.host.path(VF))

    def test_a_lost_vf_counts(self) -> None:
        """A VF that cannot be looked at is offered like its siblings."""
        self.lose()
        for found in (None, spec(**IDS)):
            item = self.devices(found)[VF_NAME]
            self.assertEqual(device_.VF, item.kind)
            self.assertEqual(PF_NAME, item.parent)
            self.assertEqual((), item.classes)
            self.assertTrue(item.offered)
            self.pf_is_uncertain(found)

    def test_only_its_place_on_the_bus(self) -> None:
        """A VF whose link on the bus is broken is lost as well."""
        self.loop(self.root / "sys/bus/pci/devices" / VF)
        self.pf_is_uncertain(spec(**IDS))

    def test_nothing_else_is_offered(self) -> None:
        """Below a PF that nova.conf does not offer nothing is added."""
        self.lose()
        self.assertNotIn(VF_NAME, self.devices(spec(vendor_id="8086")))

    def test_a_vf_that_went_away(self) -> None:
        """A VF that is removed meanwhile is not missed."""
        shutil.rmtree(self.host.path(VF))
        self.assertNotIn(VF_NAME, self.devices())
        (self.root / "sys/bus/pci/devices" / VF).unlink()
        self.assertNotIn(VF_NAME, self.devices())


class ListsTest(base.HostTestCase):
    def test_lists_that_cannot_be_read(self) -> None:
        """A list that is there and fails is not the same as an empty one."""
        for path in (
            "sys/bus/pci/devices", "sys/bus/mdev/devices",
            "sys/class/mdev_bus",
        ):
            self.host = trees.HostBuilder(self.root / path.replace("/", "_"))
            self.host.kernel().mlx5_pf(base.PF, vfs=1).mtty()
            self.root = self.host.root
            self.assertEqual((), self.scan().unlisted)
            place = self.root / path
            if place.is_dir():
                shutil.rmtree(place)
            self.assertEqual((), self.scan().unlisted)
            self.host.break_file(path)
            self.assertEqual((path,), self.scan().unlisted)
            place.unlink()
            self.write(path, "no directory")
            self.assertEqual((path,), self.scan().unlisted)
