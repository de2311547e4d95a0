# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import verdict as verdict_
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.trees import nvidia
from tests.unit.host import base

VF = "pci_0000_41_00_4"
MDEV_TYPE = "pci_0000_05_00_0/nvidia-222"


class PairTest(base.HostTestCase):
    """What of two hosts must be equal, and what need not."""

    def setUp(self) -> None:
        super().setUp()
        self.other = trees.HostBuilder(self.root.parent / "other")
        for host in (self.host, self.other):
            nvidia.add_config(host)

    def judge(
        self, name: str, relax: frozenset[str] = frozenset()
    ) -> verdict_.Verdict:
        """Judge a device of one host against its namesake on the other."""
        return acceptance.judge(self.one_class(name), self.theirs(name), relax)

    def theirs(self, name: str) -> device_class.DeviceClass:
        """The class of a device of the other host."""
        name, _, type_id = name.partition("/")
        (found,) = (
            item for item in
            scan.scan(host_tree.HostTree(self.other.root)).devices
            if item.name == name and (item.type or "") == type_id
        )
        return found.classes[0]

    def assert_stopped(self, name: str, *attributes: str) -> None:
        """Both ways, by these attributes and no other."""
        verdict = self.judge(name)
        self.assertIs(codes.Outcome.INCOMPATIBLE, verdict.outcome)
        self.assertEqual(
            attributes, tuple(one.attribute for one in verdict.mismatches)
        )
        back = acceptance.judge(self.theirs(name), self.one_class(name))
        self.assertIs(codes.Outcome.INCOMPATIBLE, back.outcome)

    def test_in_use_to_free(self) -> None:
        """A vGPU of a busy card fits one that nobody uses yet."""
        nvidia.add_vfs(
            self.host, types={0: 1145, 1: 1145, 2: 1150}, header=False
        )
        nvidia.add_vfs(self.other, types={0: 1145}, vfs=16)
        verdict = self.judge(VF)
        self.assertIs(codes.Outcome.COMPATIBLE, verdict.outcome)
        self.assertIn("ecc_mode", verdict.unverified)

    def test_type(self) -> None:
        """Another type stops a pair, whatever its number."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        nvidia.add_vfs(self.other, vfs=1, types={0: 1147})
        self.assert_stopped(VF, "type")

    def test_number_of_a_type(self) -> None:
        """Numbers may change between releases; the name is what counts."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        nvidia.add_vfs(self.other, vfs=1, types={0: 2145})
        nvidia.add_config(self.other, {2145: "NVIDIA L40S-1B"})
        self.assertIs(codes.Outcome.COMPATIBLE, self.judge(VF).outcome)

    def test_board(self) -> None:
        """Each part of the board's identity stops a pair."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        for attribute, other in (
            ("pf_device", nvidia.gpu(0x26BA, 0x1851)),
            (
                "pf_subsystem_vendor",
                nvidia.gpu(0x26B9, 0x1851, subsystem_vendor=0x1028),
            ),
            ("pf_subsystem_device", nvidia.gpu(0x26B9, 0x1852)),
        ):
            with self.subTest(attribute):
                self.other = trees.HostBuilder(self.root.parent / attribute)
                nvidia.add_config(self.other)
                nvidia.add_vfs(
                    self.other, vfs=1, types={0: 1145}, function=other
                )
                self.assert_stopped(VF, attribute)

    def test_version(self) -> None:
        """Another version of the manager stops a pair unless relaxed."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        nvidia.add_vfs(
            self.other, vfs=1, types={0: 1145}, version="570.133.10"
        )
        self.assert_stopped(VF, "manager_version")
        relaxed = self.judge(VF, frozenset({"nvidia:manager_version"}))
        self.assertIs(codes.Outcome.COMPATIBLE, relaxed.outcome)
        self.assertIn("manager_version", relaxed.unverified)

    def test_version_that_one_side_lacks(self) -> None:
        """A version that cannot be read is unknown, and no difference."""
        for host in (self.host, self.other):
            nvidia.add_pf_with_mdevs(
                host, "0000:05:00.0", nvidia.T4, ["nvidia-222"]
            )
        self.assertIs(codes.Outcome.COMPATIBLE, self.judge(MDEV_TYPE).outcome)
        for module in ("nvidia_vgpu_vfio", "nvidia"):
            # Either module has it.
            self.assertIs(
                codes.Outcome.COMPATIBLE, self.judge(MDEV_TYPE).outcome
            )
            (self.other.root / f"sys/module/{module}/version").unlink()
        verdict = self.judge(MDEV_TYPE)
        self.assertIs(codes.Outcome.UNKNOWN, verdict.outcome)
        self.assertIs(codes.Code.MISSING_ATTRIBUTE, verdict.code)

    def test_vf_and_mdev(self) -> None:
        """A vGPU that is an mdev never fits one on a VF."""
        nvidia.add_vfs(self.host, vfs=1, types={0: 1145})
        nvidia.add_pf_with_mdevs(
            self.other, "0000:05:00.0", nvidia.T4, ["nvidia-222"]
        )
        verdict = acceptance.judge(
            self.one_class(VF), self.theirs(MDEV_TYPE)
        )
        self.assertIs(codes.Code.BUS_DIFFERS, verdict.code)
