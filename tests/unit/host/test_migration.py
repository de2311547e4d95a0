# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

from nova_vfio_compat import compat
from nova_vfio_compat.compat import codes
from tests import trees
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
VF = "0000:81:00.2"


class MdevTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})

    def declare(self, migration: trees.Migration) -> compat.DeviceClass:
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT, migration=migration
        )
        return self.one_class(MDEV)

    def test_declared_class(self) -> None:
        """self and compatible become state and accepts, in one spelling."""
        found = self.declare(
            trees.Migration(
                self={
                    "device_type": "vfio_pci",
                    "mdev_type": base.GVT,
                    "software_version": "1.0.0",
                    "aggregator": "2",
                    "remote_url": "http://run.time/",
                },
                compatible=[{
                    "mdev_type": "i915-GVTg_V5_{val1:int:2,4,8}",
                    "aggregator": "{val1}/2",
                    "pv_mode": "",
                }],
            )
        )
        self.assertEqual("migration", found.family)
        self.assertEqual("mdev", found.bus)
        self.assertIs(codes.Evidence.DECLARED, found.evidence)
        self.assertEqual({**base.SELF, "aggregator": "2"}, found.state)
        self.assertEqual(
            ({
                "type": "i915-GVTg_V5_{val1:int:2,4,8}",
                "aggregator": "{val1}/2",
                "pv_mode": "",
            },),
            found.accepts,
        )
        self.assertEqual({}, found.exposed)
        self.assertIsNone(found.reason)

    def test_several_alternatives(self) -> None:
        """compatible with any number after it is one alternative more."""
        for index, names in enumerate(
            (
                ["compatible", "compatible1"],
                ["compatible0001", "compatible0002"],
            )
        ):
            uuid = base.UUID[:-1] + str(index)
            self.host.mdev(
                uuid,
                parent=base.GPU,
                type=base.GVT,
                migration=trees.Migration(
                    base.SELF,
                    [{"type": base.GVT}, {"type": "i915-GVTg_V5_8"}],
                    names,
                ),
            )
        found = {
            one
            for item in self.devices().values()
            for one in item.classes
        }
        self.assertEqual(1, len(found))
        self.assertEqual(2, len(found.pop().accepts))

    def test_accepts_nothing(self) -> None:
        """Without compatible the device is a source and no destination."""
        found = self.declare(trees.Migration(base.SELF))
        self.assertEqual(base.SELF, found.state)
        self.assertIs(codes.Code.ACCEPTS_NOTHING, found.reason)

    def test_no_self(self) -> None:
        """Without self the device is a destination and no source."""
        self.declare(trees.Migration({}, [{"type": base.GVT}]))
        (self.host.path(base.UUID) / "migration/self").rmdir()
        found = self.one_class(MDEV)
        self.assertIsNone(found.state)
        self.assertIs(codes.Code.NO_STATE, found.reason)
        self.assertEqual(({"type": base.GVT},), found.accepts)

    def test_mandatory_attributes(self) -> None:
        """What the proposal demands of self must be there."""
        self.declare(
            trees.Migration(
                {"device_api": "vfio-pci", "type": base.GVT},
                [{"type": base.GVT}],
            )
        )
        self.assert_unknown(
            MDEV, codes.Code.MISSING_ATTRIBUTE,
            "migration/self", "software_version",
        )

    def test_malformed_template(self) -> None:
        """A template that cannot be read shows the file and the place."""
        self.declare(
            trees.Migration(
                base.SELF, [{"mdev_type": "i915-{val1:float:1}"}]
            )
        )
        problem = self.assert_unknown(
            MDEV, codes.Code.MALFORMED,
            "migration/compatible/mdev_type", "i915-{val1:float:1}",
        )
        text, caret = problem.detail.split("\n")[-2:]
        self.assertEqual(text.index("float"), caret.index("^"))

    def test_malformed_value(self) -> None:
        """Braces or bytes in a value show the file and the place."""
        for value in ("{x}", b"a\xff\n", "x" * 5000):
            self.host = trees.HostBuilder(self.root)
            self.declare_again({**base.SELF, "aggregator": value})
            self.assert_unknown(
                MDEV, codes.Code.MALFORMED, "migration/self/aggregator"
            )

    def declare_again(self, attributes: dict[str, str | bytes]) -> None:
        path = self.root / "sys/devices/pci0000:00" / base.GPU / base.UUID
        if not path.exists():
            self.declare(base.declared())
        self.host.migration(
            base.UUID, trees.Migration(attributes, [{"type": base.GVT}])
        )

    def test_unreadable(self) -> None:
        """A file that cannot be read is not as if it were not there."""
        self.declare(base.declared())
        path = self.host.path(base.UUID) / "migration/compatible/pv_mode"
        self.host.break_file(path)
        self.assert_unknown(MDEV, codes.Code.UNREADABLE, "pv_mode")

    def test_what_is_no_attribute(self) -> None:
        """A FIFO or a directory costs the device and hangs nothing."""
        self.declare(base.declared())
        path = self.host.path(base.UUID) / "migration/self/extra"
        os.mkfifo(path)
        self.assert_unknown(MDEV, codes.Code.MALFORMED, "self/extra")
        path.unlink()
        path.mkdir()
        self.assert_unknown(MDEV, codes.Code.MALFORMED, "self/extra")

    def test_self_that_is_a_file(self) -> None:
        """The proposal's other form is refused and not read as nothing."""
        self.declare(base.declared())
        self.write(
            f"sys/devices/pci0000:00/{base.GPU}/{base.UUID}"
            "/migration/compatible2",
            "type=x\n",
        )
        self.assert_unknown(
            MDEV, codes.Code.MALFORMED, "compatible2", "directory"
        )

    def test_bounds(self) -> None:
        """Too many attributes or alternatives are refused."""
        self.declare(
            trees.Migration(
                {**base.SELF, **{f"a{i}": "1" for i in range(64)}},
                [{"type": base.GVT}],
            )
        )
        self.assert_unknown(MDEV, codes.Code.MALFORMED, "64 attributes")
        self.host.mdev(
            base.UUID2, parent=base.GPU, type=base.GVT,
            migration=trees.Migration(base.SELF, [{"type": base.GVT}] * 65),
        )
        self.assert_unknown(
            MDEV.replace("1001", "1002"),
            codes.Code.MALFORMED,
            "64 alternatives",
        )

    def test_other_devices_are_not_concerned(self) -> None:
        """A malformed device costs nobody else anything."""
        self.host.mdev(
            base.UUID2, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )
        self.declare(base.declared(software_version="{"))
        found = self.devices()
        self.assertIs(
            codes.Code.MALFORMED, found[MDEV].classes[0].reason
        )
        other = found[MDEV.replace("1001", "1002")]
        self.assertIsNone(other.classes[0].reason)
        self.assertEqual((), other.problems)


class FunctionTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.kernel().mlx5_pf(base.PF, vfs=1)

    def test_declared_wins_and_keeps_what_a_guest_sees(self) -> None:
        """Declared data replaces the driver's layer, not the other one."""
        inferred = self.one_class("pci_0000_81_00_2")
        self.host.migration(VF, base.declared(type="15b3-vf"))
        found = self.one_class("pci_0000_81_00_2")
        self.assertEqual("migration", found.family)
        self.assertEqual("pci", found.bus)
        self.assertEqual("15b3-vf", (found.state or {})["type"])
        self.assertEqual(inferred.exposed, found.exposed)
        self.assertEqual(
            {
                "vendor": "15b3", "device": "101e", "revision": "00",
                "class": "020000", "bars": "0:mem64pref:0x100000",
            },
            found.exposed,
        )

    def test_malformed_is_not_inferred_instead(self) -> None:
        """What is declared and cannot be read stays unknown."""
        self.host.migration(VF, base.declared(software_version="{"))
        self.assert_unknown(
            "pci_0000_81_00_2", codes.Code.MALFORMED, "software_version"
        )
        found = self.one_class("pci_0000_81_00_2")
        self.assertEqual("migration", found.family)
        self.assertEqual("15b3", found.exposed["vendor"])

    def test_function_that_is_no_vf(self) -> None:
        """Any function that declares something is listed."""
        self.host.pci("0000:85:00.0", trees.Function(0x1234, 0x5678),
                      "acme_vfio_pci")
        self.host.migration("0000:85:00.0", base.declared())
        item = self.devices()["pci_0000_85_00_0"]
        self.assertEqual("pci", item.kind)
        self.assertEqual(base.SELF, item.classes[0].state)

    def test_driver_without_migration(self) -> None:
        """Under plain vfio-pci nothing migrates, whatever is declared."""
        self.host.pci(
            "0000:85:00.0", trees.Function(0x1234, 0x5678), "vfio-pci"
        )
        self.host.migration("0000:85:00.0", base.declared())
        found = self.one_class("pci_0000_85_00_0")
        self.assertIs(codes.Code.PLAIN_VFIO_PCI, found.reason)

    def test_dirty_tracking_is_not_declared(self) -> None:
        """What a driver declares does not make it track dirty pages."""
        self.host.pci(
            "0000:85:00.0", trees.Function(0x8086, 0x4941), "qat_vfio_pci"
        )
        self.host.migration("0000:85:00.0", base.declared())
        found = self.one_class("pci_0000_85_00_0")
        self.assertIs(codes.Code.IOMMU_DIRTY_TRACKING, found.reason)
