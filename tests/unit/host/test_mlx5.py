# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import offered
from tests.unit.host import base

VF = "pci_0000_81_00_2"
VF2 = "pci_0000_81_00_3"


class Mlx5Test(base.HostTestCase):
    def ib(self, name: str = "mlx5_0") -> str:
        path = self.host.path(base.PF) / "infiniband" / name
        return str(path.relative_to(self.root.resolve()))

    def test_class(self) -> None:
        """Firmware and PSID of the PF make the class of its VFs."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        item = self.devices()[VF]
        (found,) = item.classes
        state = {
            "device_api": "vfio-pci",
            "firmware": "28.43.1000",
            "psid": "MT_0000000838",
            "pf_device": "1021",
        }
        self.assertEqual("vf", item.kind)
        self.assertEqual("pci_0000_81_00_0", item.parent)
        self.assertEqual("mlx5", found.family)
        self.assertIs(codes.Evidence.RULE, found.evidence)
        self.assertEqual(state, found.state)
        self.assertEqual((state,), found.accepts)
        self.assertEqual(("vf_migration_mode",), found.unverified)

    def test_same_class_in_use_or_free(self) -> None:
        """Which driver is bound now is a column and no part of the class."""
        self.host.kernel().mlx5_pf(
            base.PF, vf_driver=["mlx5_vfio_pci", "mlx5_core", None], vfs=3
        )
        found = self.devices()
        self.assertEqual("mlx5_vfio_pci", found[VF].bound)
        self.assertEqual("mlx5_core", found[VF2].bound)
        free = found["pci_0000_81_00_4"]
        self.assertIsNone(free.bound)
        for item in (found[VF2], free):
            self.assertEqual("mlx5_vfio_pci", item.driver)
            self.assertEqual(found[VF].classes, item.classes)

    def test_plain_vfio_pci(self) -> None:
        """Under vfio-pci a VF cannot migrate, and that is no problem."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1, vf_driver="vfio-pci")
        item = self.devices()[VF]
        self.assertIs(codes.Code.PLAIN_VFIO_PCI, item.classes[0].reason)
        self.assertEqual((), item.problems)

    def test_unmanaged(self) -> None:
        """A VF that libvirt does not bind has no VFIO driver."""
        self.host.kernel().mlx5_pf(
            base.PF, vfs=2, vf_driver=["mlx5_core", "mlx5_vfio_pci"]
        )
        spec = json.dumps({"vendor_id": "15b3", "managed": "no"})
        found = self.devices(offered.Offered([spec]))
        self.assertIs(
            codes.Code.NO_VFIO_DRIVER, found[VF].classes[0].reason
        )
        self.assertIsNone(found[VF2].classes[0].reason)

    def test_driver_unknown(self) -> None:
        """Without modules.alias and module the driver is not guessed."""
        self.host.mlx5_pf(base.PF, vfs=1)
        self.assert_unknown(VF, codes.Code.DRIVER_UNKNOWN)

    def test_without_mlx5_ib(self) -> None:
        """Without InfiniBand device the module to load is named."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1, infiniband=False)
        self.assert_unknown(
            VF, codes.Code.FIRMWARE_UNREADABLE, "infiniband", "mlx5_ib"
        )

    def test_missing_attribute(self) -> None:
        """Firmware or PSID that is not there is not guessed."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1, psid=None)
        self.assert_unknown(VF, codes.Code.MISSING_ATTRIBUTE, "board_id")

    def test_malformed_firmware(self) -> None:
        """A firmware version that is none shows the file and the place."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1, firmware="28.43.x")
        problem = self.assert_unknown(
            VF, codes.Code.MALFORMED, "mlx5_0/fw_ver", "28.43.x"
        )
        text, caret = problem.detail.split("\n")[-2:]
        self.assertEqual(text.index("x"), caret.index("^"))

    def test_unreadable_firmware(self) -> None:
        """A failing read is told, and costs the VFs of this PF only."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.host.mlx5_pf("0000:91:00.0", vfs=1)
        self.host.break_file(f"{self.ib()}/fw_ver")
        self.assert_unknown(VF, codes.Code.UNREADABLE, "fw_ver")
        self.assertIsNone(self.one_class("pci_0000_91_00_2").reason)

    def test_several_infiniband_devices(self) -> None:
        """Several devices of one PF must agree."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.write(f"{self.ib('mlx5_9')}/fw_ver", "28.43.1000\n")
        self.write(f"{self.ib('mlx5_9')}/board_id", "MT_0000000838\n")
        self.assertIsNone(self.one_class(VF).reason)
        self.write(f"{self.ib('mlx5_9')}/fw_ver", "28.43.2000\n")
        self.assert_unknown(
            VF, codes.Code.FIRMWARE_UNREADABLE, "mlx5_9: 28.43.2000"
        )

    def test_no_pf(self) -> None:
        """A VF whose PF is not seen is unknown."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        (self.root / "sys/bus/pci/devices" / base.PF).unlink()
        self.assert_unknown(VF, codes.Code.NO_PF, "physfn")

    def test_only_mlx5(self) -> None:
        """A VF whose PF another driver has is none of this family."""
        self.host.kernel().mlx5_pf(base.PF, vfs=1)
        self.host.bind(base.PF, "mlx4_core")
        self.assertEqual("pci", self.one_class(VF).family)
