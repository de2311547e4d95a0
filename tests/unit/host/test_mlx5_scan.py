# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import offered
from tests import trees
from tests.trees import mlx5
from tests.unit.host import base

PF = base.PF
VF = "0000:81:00.2"
NAME = "pci_0000_81_00_2"
NAME2 = "pci_0000_81_00_3"


class Mlx5ScanTest(base.HostTestCase):
    """What a scan of the whole host makes of it."""

    def test_drivers_in_use_or_free(self) -> None:
        """Which driver is bound now is a column and no part of the class."""
        mlx5.add_pf(
            self.host.kernel(), PF,
            vf_driver=["mlx5_vfio_pci", "mlx5_core", None, "vfio-pci"],
        )
        found = self.devices()
        self.assertEqual("mlx5_vfio_pci", found[NAME].bound)
        free = found["pci_0000_81_00_4"]
        self.assertIsNone(free.bound)
        for item in (found[NAME2], free):
            self.assertEqual("mlx5_vfio_pci", item.driver)
            self.assertEqual(found[NAME].classes, item.classes)
        plain = found["pci_0000_81_00_5"]
        self.assertIs(codes.Code.PLAIN_VFIO_PCI, plain.classes[0].reason)
        self.assertEqual((), plain.problems)

    def test_identity_is_no_part_of_a_class(self) -> None:
        """No address, GUID or serial number is in a class."""
        mlx5.add_pf(
            self.host.kernel(), PF, infiniband=False, net="enp129s0np0",
            devlink={**mlx5.devlink_answer()},
        )
        text = self.one_class(NAME).canonical().decode()
        for word in ("81:00", "b83f", "b8:3f", "enp129"):
            self.assertNotIn(word, text)

    def test_unmanaged(self) -> None:
        """A VF that libvirt does not bind has no VFIO driver."""
        mlx5.add_pf(
            self.host.kernel(), PF,
            vf_driver=["mlx5_core", "mlx5_vfio_pci"],
        )
        spec = json.dumps({"vendor_id": "15b3", "managed": "no"})
        found = self.devices(offered.Offered([spec]))
        self.assertIs(
            codes.Code.NO_VFIO_DRIVER, found[NAME].classes[0].reason
        )
        self.assertIsNone(found[NAME2].classes[0].reason)

    def test_driver_unknown(self) -> None:
        """Without modules.alias and module the driver is not guessed."""
        mlx5.add_pf(self.host, PF)
        self.assert_unknown(NAME, codes.Code.DRIVER_UNKNOWN)

    def test_kernel_without_the_driver(self) -> None:
        """A kernel that has no mlx5_vfio_pci leaves plain vfio-pci."""
        mlx5.add_pf(self.host.kernel(variants=()), PF)
        self.assertIs(
            codes.Code.PLAIN_VFIO_PCI, self.one_class(NAME).reason
        )

    def test_without_dirty_tracking(self) -> None:
        """ConnectX-6 Dx leaves dirty pages to the IOMMU, if that does it."""
        mlx5.add_pf(
            self.host.kernel(), PF, device=mlx5.CX6DX, firmware="22.41.1000"
        )
        mlx5.add_pf(self.host, "0000:c1:00.0")
        self.assertIs(
            codes.Code.IOMMU_DIRTY_TRACKING, self.one_class(NAME).reason
        )
        self.assertIsNone(self.one_class("pci_0000_c1_00_2").reason)
        self.write(
            "etc/nova/vfio-compat.d/iommu.yaml",
            "devices:\n"
            "  - match: {driver: mlx5_vfio_pci}\n"
            "    dirty_tracking: true\n",
        )
        found = self.one_class(NAME)
        self.assertIsNone(found.reason)
        self.assertIn("hardware_support", found.unverified)

    def test_no_pf(self) -> None:
        """A VF whose PF is not seen is unknown."""
        mlx5.add_pf(self.host.kernel(), PF)
        (self.root / "sys/bus/pci/devices" / PF).unlink()
        self.assert_unknown(NAME, codes.Code.NO_PF, "physfn")

    def test_inside_a_guest(self) -> None:
        """A VF that the kernel does not know as one cannot migrate."""
        self.host.kernel().pci(
            VF, mlx5.vf(0, mlx5.VF_BAR), driver="mlx5_core"
        )
        self.assertIs(codes.Code.NOT_A_VF, self.one_class(NAME).reason)

    def test_only_mlx5(self) -> None:
        """A VF of ConnectX-3, which mlx4_core drives, is another matter."""
        self.host.kernel().sriov(
            PF, trees.Function(0x15b3, 0x1003, 0, 0x020000),
            trees.Function(0x15b3, 0x1004, 0, 0x020000),
            ["mlx4_core"], "mlx4_core",
        )
        self.assertEqual("pci", self.one_class(NAME).family)

    def test_mixed_firmware(self) -> None:
        """Two cards with different firmware are two classes."""
        mlx5.add_pf(self.host.kernel(), PF)
        mlx5.add_pf(self.host, "0000:c1:00.0", firmware="28.44.1036")
        found = self.devices()
        (one,) = found[NAME].classes
        (other,) = found["pci_0000_c1_00_2"].classes
        self.assertNotEqual(one.id, other.id)

    def test_one_problem_of_a_pf(self) -> None:
        """What is wrong with a PF's file is one problem, not one per VF."""
        mlx5.add_pf(self.host.kernel(), PF, vfs=8, firmware="28.43.x")
        mlx5.add_pf(self.host, "0000:c1:00.0", vfs=8, infiniband=False)
        mlx5.add_pf(self.host, "0000:d1:00.0", vfs=8)
        self.host.bind("0000:d1:00.0", None)
        self.assertEqual(
            3,
            len({
                problem
                for item in self.scan().devices
                for problem in item.problems
            }),
        )
