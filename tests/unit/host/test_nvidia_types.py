# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import codes
from tests import trees
from tests.trees import nvidia
from tests.unit.host import base

GPU = "0000:41:00.0"
VF = "pci_0000_41_00_4"
VF2 = "pci_0000_41_00_5"
FULL = {0: 1155, 1: 1155}


class NameTest(base.HostTestCase):
    """Where the name of the type of a VF's vGPU is from."""

    def vf(self, index: int = 0) -> str:
        """The directory of a VF, below the root."""
        address = trees.offset_address(GPU, 4 + index)
        path = self.host.path(address).relative_to(self.root.resolve())
        return str(path)

    def test_mig_backed_type(self) -> None:
        """The name of a type that MIG backs tells it from the others."""
        nvidia.add_config(
            self.host, {474: "NVIDIA A100-1-5C", 468: "NVIDIA A100-5C"}
        )
        nvidia.add_vfs(self.host, vfs=2, types={0: 474, 1: 468})
        found = self.devices()
        for name, wanted in (
            (VF, "NVIDIA A100-1-5C"), (VF2, "NVIDIA A100-5C")
        ):
            state = found[name].classes[0].state or {}
            self.assertEqual(wanted, state["type"])

    def test_filling_the_card(self) -> None:
        """What else is made on a board changes no class."""
        nvidia.add_config(self.host)
        vfs = nvidia.add_vfs(self.host, types={0: 1155})
        before = self.one_class(VF)
        lists = "nvidia/creatable_vgpu_types"
        self.assertIn("L40S-24Q", (self.host.path(vfs[1]) / lists).read_text())
        nvidia.assign(self.host, vfs, FULL)
        for vf in vfs:
            text = (self.host.path(vf) / lists).read_text()
            self.assertNotIn("L40S", text)
        self.assertEqual(before, self.one_class(VF))
        self.assertEqual(before, self.one_class(VF2))
        nvidia.assign(self.host, vfs, {1: 0})
        self.assertEqual(before, self.one_class(VF))

    def test_name_from_another_vf(self) -> None:
        """Without the vendor's list that of any VF names a type."""
        vfs = nvidia.add_vfs(self.host, types={0: 1155})
        by_sibling = self.one_class(VF)
        self.assertIsNone(by_sibling.reason)
        # A full board says nothing more; another one does.
        nvidia.assign(self.host, vfs, FULL)
        self.assert_unknown(VF, codes.Code.VGPU_TYPE_UNKNOWN)
        nvidia.add_vfs(self.host, "0000:61:00.0", vfs=1)
        self.assertEqual(by_sibling, self.one_class(VF))
        # From wherever the name is, it is the same class.
        nvidia.add_config(self.host)
        self.assertEqual(by_sibling, self.one_class(VF))

    def test_lists_without_header(self) -> None:
        """Some releases print no header, and some list lines of no use."""
        nvidia.add_vfs(self.host, vfs=2, types={0: 1145})
        before = self.one_class(VF)
        for text in (
            "1145 : NVIDIA L40S-1B\n",
            "ID : vGPU Name\n\n  1145:NVIDIA L40S-1B  \nrubbish\n7\n",
        ):
            self.write(f"{self.vf(1)}/nvidia/creatable_vgpu_types", text)
            self.assertEqual(before, self.one_class(VF))

    def test_unnamed_type(self) -> None:
        """A number that nothing names is not guessed; it is told where."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 4711})
        self.assert_unknown(
            VF, codes.Code.VGPU_TYPE_UNKNOWN, "nvidia/current_vgpu_type",
            "4711", "vgpuConfig.xml", "not there",
        )
        nvidia.add_config(self.host)
        self.assert_unknown(
            VF, codes.Code.VGPU_TYPE_UNKNOWN, "does not have it"
        )

    def test_number_within_another(self) -> None:
        """A number is not taken for the beginning of a longer one."""
        nvidia.add_config(self.host, {1145: "A", 11: "B", 114: "C"})
        nvidia.add_vfs(self.host, vfs=1, types={0: 114})
        self.assertEqual("C", (self.one_class(VF).state or {})["type"])

    def test_malformed_names(self) -> None:
        """A name with a meaning in templates shows file and place."""
        nvidia.add_config(self.host, {1145: "NVIDIA {x}"})
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        problem = self.assert_unknown(
            VF, codes.Code.MALFORMED, "vgpuConfig.xml", "NVIDIA {x}"
        )
        text, caret = problem.detail.split("\n")[-2:]
        self.assertEqual(text.index("{"), caret.index("^"))

    def test_unreadable_config(self) -> None:
        """A list of names that cannot be read is told where it is needed."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        self.host.break_file("usr/share/nvidia/vgpu/vgpuConfig.xml")
        self.assert_unknown(VF, codes.Code.UNREADABLE, "vgpuConfig.xml")
        self.write(
            f"{self.vf()}/nvidia/creatable_vgpu_types",
            "1145 : NVIDIA L40S-1B\n",
        )
        self.assertIsNone(self.one_class(VF).reason)
