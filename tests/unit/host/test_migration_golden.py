# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from tests import golden
from tests import trees
from tests.unit.host import base
from tests.unit.host import listing

HOME = "sys/devices/pci0000:00/0000:00:02.0"
ONE_FILE = (
    "SELF:\n\tdevice_type=pci\n\tmdev_type=i915-GVTg_V5_2\n"
    '\tpv_mode="none+ppgtt"\n\tinterface_version=3\nCOMPATIBLE:\n'
    "\tmdev_type=i915-GVTg_V5_{val1:int:1,2,4,8}\n\tpv_mode=\"\"\n"
    "\tinterface_version={val3:int:2,3}\n"
)


class GoldenTest(base.HostTestCase):
    """A host with a device of every shape of the proposals."""

    def setUp(self) -> None:
        super().setUp()
        uuids = [f"{base.UUID[:-1]}{number}" for number in range(4)]
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.host.mdev_parent(
            base.GPU, types={base.GVT: {}, "i915-GVTg_V5_2": {}}
        )
        for address, kind in (
            ("0000:00:03.0", "acme-1"), ("0000:00:04.0", "acme-2")
        ):
            self.host.mdev_parent(
                address, driver="acme", types={kind: {}}
            )
        self.host.migration("0000:81:00.2", base.declared(type="15b3-vf"))
        for uuid in uuids[:3]:
            self.host.mdev(uuid, parent=base.GPU, type=base.GVT)
        self.host.mdev(uuids[3], parent="0000:00:04.0", type="acme-2")
        self.host.migration(uuids[0], trees.Migration(
            {**base.SELF, "aggregator": "2"},
            [{"type": "i915-GVTg_V5_{n:int:2,4,8}", "aggregator": "{n}/2"}],
        ))
        self.write(f"{HOME}/{uuids[0]}/intel_vgpu/aggregator", "2\n")
        self.write(
            f"{HOME}/{uuids[1]}/migration/self",
            "".join(f"{name}={text}\n" for name, text in base.SELF.items()),
        )
        self.write(
            f"{HOME}/{uuids[1]}/migration/compatible",
            f"type={base.GVT}\n\ntype=i915-GVTg_V5_8\n",
        )
        self.write(f"{HOME}/{uuids[2]}/migration_compatible", ONE_FILE)
        one, two = (
            f"sys/devices/pci0000:00/0000:00:0{slot}.0" for slot in (3, 4)
        )
        opaque = f"{one}/mdev_supported_types/acme-1"
        self.write(f"{opaque}/migration_version", "acme-1-v7\n")
        last = f"{two}/mdev_supported_types/acme-2"
        self.write(f"{last}/software_version", "1.2.0\n")
        self.write(f"{last}/compatible_pci_ids", "5931, 591b\n")
        self.write(f"{last}/dynamic_resources", "aggregator\n")
        self.write(f"{two}/{uuids[3]}/aggregator", "4\n")

    def test_classes(self) -> None:
        """The classes of all shapes, and their ids."""
        found = [
            item
            for item in golden.classes(
                "every shape", self.devices().values()
            )
            if item["class"]["family"].startswith("migration")
        ]
        self.assertEqual(8, len(found))
        golden.check_classes(self, "migration.json", found)

    def test_list(self) -> None:
        """What an operator sees of them."""
        listing.check(self, self.root, "migration")
