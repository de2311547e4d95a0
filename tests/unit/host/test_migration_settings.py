# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import errno

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.unit.host import base
from tests.unit.host import faults

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
HOME = f"sys/devices/pci0000:00/{base.GPU}/{base.UUID}"


class DirectoriesTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})

    def test_directories_in_compatible(self) -> None:
        """Each numbered directory in compatible is an alternative."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=trees.Migration(base.SELF),
        )
        self.write(f"{HOME}/migration/compatible/1/type", "a\n")
        self.write(f"{HOME}/migration/compatible/0002/type", "b\n")
        self.assertEqual(
            ({"type": "a"}, {"type": "b"}), self.one_class(MDEV).accepts
        )
        self.write(f"{HOME}/migration/compatible/type", "c\n")
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "migration/compatible/"
        )

    def test_directory_in_place_of_an_attribute(self) -> None:
        """Only what is numbered is an alternative."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=trees.Migration(base.SELF),
        )
        (self.root / HOME / "migration/compatible/type").mkdir(parents=True)
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "migration/compatible/type"
        )
        self.write(f"{HOME}/migration/compatible1/1", "x")
        (self.root / HOME / "migration/compatible/type").rmdir()
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "compatible1/1", "directory"
        )

    def test_what_can_be_set(self) -> None:
        """An attribute of self that is a file elsewhere can be set."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(aggregator="2", fps="60", pv_mode="x"),
        )
        self.write(f"{HOME}/intel_vgpu/aggregator", "2\n")
        self.write(f"{HOME}/intel_vgpu/unheard_of", "2\n")
        self.write(f"{HOME}/fps", "60\n")
        self.assertEqual(
            ("aggregator", "fps"), self.one_class(MDEV).settable
        )

    def test_what_cannot_be_listed(self) -> None:
        """A directory that may hold settings must be readable."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(aggregator="2"),
        )
        self.write(f"{HOME}/intel_vgpu/aggregator", "2\n")
        store = faults.Failing(
            str(self.root), f"{HOME}/intel_vgpu", errno.EACCES
        )
        host = scan.scan(host_tree.HostTree(self.root, store=store))
        found = {item.name: item for item in host.devices}
        self.assertIs(
            codes.Code.UNREADABLE, found[MDEV].classes[0].reason
        )
        self.assertIn("intel_vgpu", found[MDEV].problems[0].path)
        # A new one may be set to anything.
        self.assertEqual(2, len(found["pci_0000_00_02_0"].classes))

    def test_what_has_to_be_set(self) -> None:
        """Another vGPU of the type can be set as the source is."""
        for uuid, number in ((base.UUID, "2"), (base.UUID2, "1")):
            self.host.mdev(
                uuid, parent=base.GPU, type=base.GVT,
                migration=trees.Migration(
                    {**base.SELF, "aggregator": number},
                    [{"aggregator": number}],
                ),
            )
            self.write(
                HOME.replace(base.UUID, uuid) + "/intel_vgpu/aggregator",
                number,
            )
        verdict = compat.judge(
            self.one_class(MDEV),
            self.one_class(MDEV.replace("1001", "1002")),
        )
        self.assertIs(compat.Outcome.CONDITIONAL, verdict.outcome)
        self.assertEqual((("aggregator", "2"),), verdict.to_set)

    def test_channel_paths(self) -> None:
        """What vfio-ccw would declare is compared by equality."""
        ccw = {
            "device_api": "vfio-ccw", "type": "vfio-ccw",
            "software_version": "1.0.0", "subchannel_type": "0",
            "chpid_type": "0x1a",
        }
        outcomes = []
        for differs in (
            {}, {"chpid_type": "0x1b"}, {"subchannel_type": "2"},
            {"chpid_mask": "0xf0"},
        ):
            found = []
            for uuid, values in (
                (base.UUID, ccw), (base.UUID2, {**ccw, **differs})
            ):
                builder = trees.HostBuilder(self.root)
                if not (self.root / HOME.replace(base.UUID, uuid)).exists():
                    builder.mdev(uuid, parent=base.GPU, type=base.GVT)
                self.host.migration(uuid, trees.Migration(values, [values]))
                found.append(MDEV.replace("1001", uuid[-4:]))
            one, other = map(self.one_class, found)
            outcomes.append(compat.judge(one, other).outcome)
        self.assertEqual(
            [compat.Outcome.COMPATIBLE] + [compat.Outcome.INCOMPATIBLE] * 3,
            outcomes,
        )
