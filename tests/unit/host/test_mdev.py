# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import offered
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
MDEV2 = MDEV.replace("1001", "1002")
TYPE = f"pci_0000_00_02_0/{base.GVT}"


class DeclaredTypeTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})

    def test_type_has_the_classes_of_its_mdevs(self) -> None:
        """What mdevs declare is what Nova may hand out: all of them."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )
        found = self.devices()
        self.assertEqual(found[MDEV].classes, found[TYPE].classes)
        self.host.mdev(
            base.UUID2, parent=base.GPU, type=base.GVT,
            migration=base.declared(software_version="1.1.0"),
        )
        found = self.devices()
        self.assertEqual(
            {*found[MDEV].classes, *found[MDEV2].classes},
            set(found[TYPE].classes),
        )
        self.assertEqual(2, len(found[TYPE].classes))

    def test_offered(self) -> None:
        """A type and its mdevs are offered as nova.conf says."""
        self.host.mdev_parent(base.GPU, types={"i915-GVTg_V5_8": {}})
        self.host.mdev(base.UUID, parent=base.GPU, type=base.GVT)
        for types, expected in (
            ({base.GVT: []}, {TYPE, MDEV}),
            ({"x": [], base.GVT: [base.GPU]}, {TYPE, MDEV}),
            ({"i915-GVTg_V5_8": []}, {"pci_0000_00_02_0/i915-GVTg_V5_8"}),
            ({}, set()),
        ):
            found = self.devices(offered.Offered(mdev_types=types))
            self.assertEqual(3, len(found))
            self.assertEqual(
                expected, {n for n, item in found.items() if item.offered}
            )


class LayoutTest(base.HostTestCase):
    """Trees that a script wrote have a part of what a kernel shows."""

    TYPE_PATH = f"mdev_supported_types/{base.GVT}"

    def assert_found(self, name: str = MDEV) -> None:
        found = self.devices()
        self.assertEqual(base.GVT, found[name].type)
        self.assertEqual(base.SELF, found[name].classes[0].state)
        self.assertEqual(found[name].classes, found[TYPE].classes)

    def write_migration(self, mdev: str) -> None:
        for name, value in base.SELF.items():
            self.write(f"{mdev}/migration/self/{name}", f"{value}\n")
        self.write(f"{mdev}/migration/compatible/type", f"{base.GVT}\n")

    def test_real_directories_below_the_bus(self) -> None:
        """Only /sys/bus/pci/devices, with real directories, is enough."""
        parent = f"sys/bus/pci/devices/{base.GPU}"
        self.write(f"{parent}/{self.TYPE_PATH}/device_api", "vfio-pci\n")
        self.write_migration(f"{parent}/{base.UUID}")
        (self.root / parent / base.UUID / "mdev_type").symlink_to(
            f"../{self.TYPE_PATH}"
        )
        self.assert_found()

    def test_type_lists_its_mdevs(self) -> None:
        """Without mdev_type the list of the type tells."""
        parent = f"sys/bus/pci/devices/{base.GPU}"
        self.write(f"{parent}/{self.TYPE_PATH}/device_api", "vfio-pci\n")
        self.write_migration(f"{parent}/{base.UUID}")
        devices = self.root / parent / self.TYPE_PATH / "devices"
        devices.mkdir()
        (devices / base.UUID).symlink_to(f"../../../{base.UUID}")
        self.assert_found()

    def test_mdev_only_on_its_bus(self) -> None:
        """A real directory below /sys/bus/mdev with a type is enough."""
        parent = f"sys/bus/pci/devices/{base.GPU}"
        self.write(f"{parent}/{self.TYPE_PATH}/device_api", "vfio-pci\n")
        mdev = f"sys/bus/mdev/devices/{base.UUID}"
        self.write_migration(mdev)
        (self.root / mdev / "mdev_type").symlink_to(
            f"/{parent}/{self.TYPE_PATH}"
        )
        self.assert_found()

    def test_mdev_without_type(self) -> None:
        """An mdev whose type cannot be told is unknown, and offered not."""
        self.write(f"sys/bus/mdev/devices/{base.UUID}/uevent")
        name = f"mdev_{base.UUID.replace('-', '_')}"
        self.assert_unknown(
            name, codes.Code.MISSING_ATTRIBUTE, "mdev_type"
        )
        item = self.devices(offered.Offered())[name]
        self.assertIsNone(item.parent)
        self.assertFalse(item.offered)

    def test_mdev_that_is_gone(self) -> None:
        """A link that leads nowhere is a device that went away."""
        self.host.mtty(["mtty-1"])
        bus = self.root / "sys/bus/mdev/devices"
        bus.mkdir(parents=True)
        (bus / base.UUID).symlink_to(
            f"../../../devices/virtual/mtty/mtty/{base.UUID}"
        )
        found = self.scan()
        self.assertEqual(["mtty_mtty"], [d.name for d in found.devices])
        self.assertEqual((), found.problems)


class FreshTest(base.HostTestCase):
    """What is said of the next mdev of a type, from those that exist."""

    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(
            base.UUID,
            parent=base.GPU,
            type=base.GVT,
            migration=base.declared(aggregator="2"),
        )
        self.mdev = f"sys/bus/mdev/devices/{base.UUID}"

    def fresh(self) -> set[str]:
        """The codes of the type's classes, beside those of the mdev."""
        found = self.devices()
        (existing,) = found[MDEV].classes
        self.assertIn(existing, found[TYPE].classes)
        return {
            one.reason.value
            for one in found[TYPE].classes
            if one != existing and one.reason
        }

    def test_like_the_existing(self) -> None:
        """Without anything that is set on each, the next one is alike."""
        self.write(f"{self.mdev}/power/control", "auto\n")
        self.assertEqual(set(), self.fresh())

    def test_set_on_each(self) -> None:
        """What was set on an mdev is not known of the next one."""
        self.write(f"{self.mdev}/intel_vgpu/aggregator", "2\n")
        self.assertEqual({"no_state"}, self.fresh())

    def test_set_on_the_device_itself(self) -> None:
        """The file may also be without a directory of its own."""
        self.write(f"{self.mdev}/aggregator", "2\n")
        self.assertEqual({"no_state"}, self.fresh())
