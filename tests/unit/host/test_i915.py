# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from tests.unit.host import base

MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"
MDEV2 = MDEV.replace("1001", "1002")
TYPE = f"pci_0000_00_02_0/{base.GVT}"
TYPE2 = "pci_0000_00_02_0/i915-GVTg_V5_8"


class I915Test(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mdev_parent(
            base.GPU, types={base.GVT: {}, "i915-GVTg_V5_8": {}}
        )

    def test_cannot_migrate(self) -> None:
        """The kernel's GVT-g says no, for types and mdevs, as a rule."""
        self.host.mdev(base.UUID, parent=base.GPU, type=base.GVT)
        found = self.devices()
        for name in (TYPE, TYPE2, MDEV):
            (one,) = found[name].classes
            self.assertEqual("i915", one.family)
            self.assertIs(codes.Evidence.RULE, one.evidence)
            self.assertIs(codes.Code.DRIVER_CANNOT_MIGRATE, one.reason)
            self.assertEqual((), found[name].problems)

    def test_declared(self) -> None:
        """A driver that declares is not the kernel's: it may do so again."""
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )
        self.host.mdev(
            base.UUID2, parent=base.GPU, type="i915-GVTg_V5_8"
        )
        found = self.devices()
        self.assertEqual("migration", found[MDEV].classes[0].family)
        self.assertEqual(found[MDEV].classes, found[TYPE].classes)
        for name in (TYPE2, MDEV2):
            self.assert_unknown(name, codes.Code.NO_STATE, "declares nothing")

    def test_other_drivers(self) -> None:
        """Only what i915 makes is GVT-g."""
        self.host.mdev_parent(
            "0000:81:00.0", driver="acme", types={"acme-1": {}}
        )
        self.assertEqual(
            "mdev", self.one_class("pci_0000_81_00_0/acme-1").family
        )
