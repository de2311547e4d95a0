# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"


class InferredTest(base.HostTestCase):
    """Mdevs of a driver that nothing is known of."""

    ACME = "acme-large"
    TYPE = f"pci_0000_00_02_0/{ACME}"

    def acme(self, version: str | None = "1.2", **differs: str) -> None:
        """Add a parent of another vendor's, with one type."""
        self.host.mdev_parent(
            base.GPU, driver="acme", types={self.ACME: differs},
            version=version,
        )

    def test_type(self) -> None:
        """A type's class has what every kernel shows of it."""
        self.acme()
        item = self.devices()[self.TYPE]
        (one,) = item.classes
        state = {
            "device_api": "vfio-pci", "type": self.ACME,
            "driver_version": "1.2",
        }
        self.assertEqual("mdev-type", item.kind)
        self.assertEqual("acme", item.driver)
        self.assertEqual("mdev", one.family)
        self.assertIs(codes.Evidence.INFERRED, one.evidence)
        self.assertEqual(state, one.state)
        self.assertEqual((state,), one.accepts)
        self.assertEqual(
            ("dirty_tracking", "driver_rule", "p2p"), one.unverified
        )

    def test_driver_without_version(self) -> None:
        """Few modules have a version; that it was not compared is told."""
        self.acme(version=None)
        one = self.one_class(self.TYPE)
        self.assertNotIn("driver_version", one.state or {})
        self.assertIn("driver_version", one.unverified)

    def test_mdev_has_the_class_of_its_type(self) -> None:
        """Creating an mdev, or filling a card, changes no class."""
        self.acme()
        before = self.devices()[self.TYPE]
        self.host.mdev(base.UUID, parent=base.GPU, type=self.ACME)
        found = self.devices()
        self.assertEqual(before, found[self.TYPE])
        self.assertEqual(before.classes, found[MDEV].classes)
        self.assertEqual("mdev", found[MDEV].kind)
        self.assertEqual("pci_0000_00_02_0", found[MDEV].parent)
        self.assertEqual(self.ACME, found[MDEV].type)

    def test_samples_that_cannot_migrate(self) -> None:
        """mbochs and mdpy have no migration in any kernel."""
        for index, name in enumerate(("mbochs", "mdpy")):
            address = f"0000:0{index}:03.0"
            self.host.mdev_parent(
                address, driver=name, types={f"{name}-1": {}}
            )
            found = self.one_class(f"pci_0000_0{index}_03_0/{name}-1")
            self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, found.reason)

    def test_malformed(self) -> None:
        """A value that is no word shows the file and the place."""
        self.acme(device_api="vfio-{x}")
        self.assert_unknown(
            self.TYPE, codes.Code.MALFORMED, f"{self.ACME}/device_api",
            "vfio-{x}",
        )
        self.acme(device_api="vfio-pci")
        self.host.module("acme", "{any}")
        self.assert_unknown(
            self.TYPE, codes.Code.MALFORMED, "acme/version", "{any}"
        )

    def test_missing_device_api(self) -> None:
        """Without device_api nothing is inferred."""
        self.write(
            "sys/bus/pci/devices/0000:00:02.0/mdev_supported_types/"
            "x-1/name",
            "x\n",
        )
        self.assert_unknown(
            "pci_0000_00_02_0/x-1",
            codes.Code.MISSING_ATTRIBUTE,
            "device_api",
        )
