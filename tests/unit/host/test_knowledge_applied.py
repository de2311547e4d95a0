# SPDX-License-Identifier: Apache-2.0

"""What an operator's files change in the description of a host."""

from __future__ import annotations

from nova_vfio_compat import compat
from tests.trees import qat
from tests.unit.host import base

FILE = "etc/nova/vfio-compat.d/10-site.yaml"
VF = "pci_0000_81_00_2"


class AppliedTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.kernel().mlx5_pf(base.PF, vfs=1)

    def vf(self) -> compat.DeviceClass:
        (found,) = self.devices()[VF].classes
        return found

    def test_attribute(self) -> None:
        """An attribute that the operator states is compared."""
        before = self.vf()
        self.write(FILE, (
            "devices:\n"
            "- match: {driver: mlx5_vfio_pci}\n"
            "  state: {bios: 'A12'}\n"
        ))
        after = self.vf()
        assert after.state is not None
        self.assertEqual("A12", after.state["bios"])
        self.assertIs(compat.Evidence.OPERATOR, after.evidence)
        self.assertIs(
            compat.Outcome.INCOMPATIBLE,
            compat.judge(after, before).outcome,
        )

    def test_broken_file(self) -> None:
        """A broken file is a problem of the host and of nothing else."""
        before = self.vf()
        self.write(FILE, "devices:\n- match: [\n")
        found = self.scan()
        self.assertEqual(before, self.vf())
        (problem,) = found.problems
        self.assertTrue(problem.path.startswith(FILE), problem)

    def test_dirty_tracking(self) -> None:
        """What needs iommufd migrates where the operator says it is used."""
        qat.add_pf(self.host, "0000:6b:00.0")
        name = "pci_0000_6b_00_1"
        (before,) = self.devices()[name].classes
        self.assertIs(compat.Code.IOMMU_DIRTY_TRACKING, before.reason)
        self.write(FILE, (
            "devices:\n"
            "- match: {driver: qat_vfio_pci}\n"
            "  dirty_tracking: true\n"
        ))
        (after,) = self.devices()[name].classes
        self.assertIsNone(after.reason)
        self.assertIs(
            compat.Outcome.COMPATIBLE, compat.judge(after, after).outcome
        )
