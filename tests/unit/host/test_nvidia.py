# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from tests import trees
from tests.trees import nvidia
from tests.unit.host import base

GPU = "0000:41:00.0"
VF = "pci_0000_41_00_4"
VF2 = "pci_0000_41_00_5"


class VfTest(base.HostTestCase):
    """Hosts without mdevs: the driver hands out VFs."""

    def vf(self, index: int = 0) -> str:
        """The directory of a VF, below the root."""
        address = trees.offset_address(GPU, 4 + index)
        path = self.host.path(address).relative_to(self.root.resolve())
        return str(path)

    def test_class(self) -> None:
        """Type by name, manager's version and board make the class."""
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, types={0: 1145})
        item = self.devices()[VF]
        (found,) = item.classes
        state = {
            "device_api": "vfio-pci",
            "type": "NVIDIA L40S-1B",
            "manager_version": "570.124.03",
            "pf_device": "26b9",
            "pf_subsystem_vendor": "10de",
            "pf_subsystem_device": "1851",
        }
        self.assertEqual(("vf", "nvidia"), (item.kind, item.driver))
        self.assertEqual("nvidia", found.family)
        self.assertIs(codes.Evidence.INFERRED, found.evidence)
        self.assertEqual(state, found.state)
        self.assertEqual((state,), found.accepts)
        # The guest sees what the manager emulates, not the VF.
        self.assertEqual({}, found.exposed)
        self.assertEqual(
            (
                "dirty_tracking", "ecc_mode", "guest_driver", "host_os",
                "mig_mode", "p2p", "scheduler_policy",
            ),
            found.unverified,
        )
        self.assertEqual((), item.problems)

    def test_unset(self) -> None:
        """A VF without a vGPU is no destination, and that is no problem."""
        nvidia.add_vfs(self.host, vfs=2, types={1: 1145})
        found = self.devices()
        (free,) = found[VF].classes
        self.assertIs(codes.Code.VGPU_TYPE_UNSET, free.reason)
        self.assertEqual((), found[VF].problems)
        verdict = acceptance.judge(found[VF2].classes[0], free)
        self.assertIs(codes.Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertIs(codes.Code.VGPU_TYPE_UNSET, verdict.code)

    def test_malformed_type(self) -> None:
        """A number of a type that is none shows the file."""
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, vfs=1)
        path = f"{self.vf()}/nvidia/current_vgpu_type"
        for text in ("-1\n", "1145 L40S\n", "\n", "0x479\n"):
            self.write(path, text)
            self.assert_unknown(
                VF, codes.Code.MALFORMED, "current_vgpu_type"
            )

    def test_missing_files(self) -> None:
        """Without a mandatory file nothing is guessed; it is named."""
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        pf = self.host.path(GPU).relative_to(self.root.resolve())
        for path in (
            f"{self.vf()}/nvidia/current_vgpu_type",
            *(
                f"{pf}/{name}" for name in (
                    "device", "subsystem_vendor", "subsystem_device"
                )
            ),
        ):
            with self.subTest(path):
                file = self.root / path
                text = file.read_text()
                file.unlink()
                self.assert_unknown(
                    VF, codes.Code.MISSING_ATTRIBUTE,
                    path.rpartition("/")[2],
                )
                self.write(path, text)
        (self.root / self.vf() / "nvidia/creatable_vgpu_types").unlink()
        self.assertIsNone(self.one_class(VF).reason)

    def test_no_pf(self) -> None:
        """A VF whose PF is not seen is unknown."""
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        (self.root / "sys/bus/pci/devices" / GPU).unlink()
        self.assert_unknown(VF, codes.Code.NO_PF, "physfn")

    def test_under_another_driver(self) -> None:
        """Without the nvidia driver a VF is none of its vGPUs."""
        nvidia.add_config(self.host)
        (vf,) = nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        before = self.one_class(VF)
        home = self.host.path(vf)
        (home / "nvidia").rename(home / "gone")
        (home / "vfio-dev").rename(home / "gone-too")
        self.host.kernel()
        for name in (None, "vfio-pci"):
            self.host.bind(vf, name)
            found = self.one_class(VF)
            self.assertIs(codes.Code.PLAIN_VFIO_PCI, found.reason)
            self.assertEqual("pci", found.family)
        (home / "gone").rename(home / "nvidia")
        self.host.bind(vf, "nvidia")
        self.assertEqual(before, self.one_class(VF))

    def test_without_manager(self) -> None:
        """A driver that makes no vGPUs leaves its VFs to vfio-pci."""
        (vf,) = nvidia.add_vfs(self.host.kernel(), vfs=1, types={0: 1145})
        home = self.host.path(vf)
        (home / "nvidia").rename(self.root / "gone")
        # Under the vGPU manager it would be there: something is wrong.
        self.assert_unknown(
            VF, codes.Code.MISSING_ATTRIBUTE, "current_vgpu_type"
        )
        (home / "vfio-dev").rename(self.root / "gone-too")
        self.assertIs(
            codes.Code.PLAIN_VFIO_PCI, self.one_class(VF).reason
        )

    def test_vf_without_vfio_dev(self) -> None:
        """Before Linux 6.1 the directory nvidia/ alone tells the driver."""
        nvidia.add_config(self.host)
        (vf,) = nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        before = self.one_class(VF)
        home = self.host.path(vf)
        (home / "vfio-dev").rename(self.root / "gone")
        self.assertEqual(before, self.one_class(VF))

    def test_hardware_of_the_vf(self) -> None:
        """What the VF's own files say of hardware is not the guest's."""
        nvidia.add_config(self.host)
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        before = self.one_class(VF)
        for name, text in (
            ("resource", "0x0 0x0 0x0\n" * 6),
            ("revision", "0xa2\n"),
            ("subsystem_device", "0x1851\n"),
        ):
            self.write(f"{self.vf()}/{name}", text)
        self.assertEqual(before, self.one_class(VF))

    def test_only_vgpus(self) -> None:
        """GPUs themselves, and VFs of other vendors, are not claimed."""
        self.host.sriov(
            "0000:42:00.0", trees.Function(0x1AF4, 1),
            trees.Function(0x1AF4, 2), ["nvidia"], "nvidia",
        )
        self.host.pci("0000:43:00.0", nvidia.T4, "nvidia")
        found = self.devices()
        self.assertNotIn("pci_0000_43_00_0", found)
        self.assertEqual(
            "pci", found["pci_0000_42_00_2"].classes[0].family
        )
