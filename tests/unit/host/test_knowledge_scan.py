# SPDX-License-Identifier: Apache-2.0

"""What operators state, in the scan of a host and in what commands print."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import knowledge
from tests import trees
from tests.trees import files
from tests.trees import nvidia
from tests.trees import qat
from tests.unit.cli import base as cli_base
from tests.unit.host import base

VF = "pci_0000_81_00_2"


class ScanTest(base.HostTestCase):
    def say(self, text: str, name: str = "10-site.yaml") -> None:
        self.write(f"{knowledge.FOLDER}/{name}", f"devices:\n{text}")

    def test_in_use_or_free(self) -> None:
        """A used VF and a free one get the same attributes."""
        self.host.kernel().mlx5_pf(
            base.PF, vf_driver=["mlx5_vfio_pci", "mlx5_core", None], vfs=3
        )
        self.say("  - {match: {driver: mlx5_vfio_pci}, state: {numa: 1}}\n")
        (found,) = {
            one for item in self.scan().devices for one in item.classes
        }
        self.assertEqual("1", (found.state or {})["numa"])
        self.assertIs(codes.Evidence.OPERATOR, found.evidence)

    def test_mdev_and_type(self) -> None:
        """An mdev that exists and one that will be are of one class."""
        nvidia.add_pf_with_mdevs(
            self.host, base.PF, nvidia.A40, ["nvidia-558"]
        )
        name = self.host.path(base.PF) / (
            "mdev_supported_types/nvidia-558/name"
        )
        files.write(name, "NVIDIA A40-4Q")
        self.host.mdev(base.UUID, parent=base.PF, type="nvidia-558")
        self.say("  - {match: {type: '*A40-4Q'}, state: {ecc_mode: on}}\n")
        found = [
            item for item in self.scan().devices if item.kind != device_.PCI
        ]
        self.assertEqual(2, len(found))
        (one,) = {one for item in found for one in item.classes}
        self.assertEqual("on", (one.state or {})["ecc_mode"])
        self.assertNotIn("ecc_mode", one.unverified)

    def test_declared(self) -> None:
        """What a kernel declares of mdevs stands for their type as before."""
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )
        before = self.scan().devices
        self.say("  - {match: {driver: i915}, state: {a: 1}}\n")
        after = self.scan().devices
        for old, new in zip(before, after, strict=True):
            self.assertEqual(
                [{**(one.state or {}), "a": "1"} for one in old.classes],
                [one.state for one in new.classes],
            )

    def test_iommufd(self) -> None:
        """Where the operator's hypervisor tracks, QAT's VFs migrate."""
        self.host.kernel(variants=["qat_vfio_pci"])
        qat.add_pf(self.host, base.PF, drivers=[None])
        vf = "pci_0000_81_00_1"
        self.assertIs(
            codes.Code.IOMMU_DIRTY_TRACKING, self.one_class(vf).reason
        )
        self.say("  - {match: {driver: qat*}, dirty_tracking: true}\n")
        found = self.one_class(vf)
        self.assertIsNone(found.reason)
        self.assertIs(codes.Evidence.OPERATOR, found.evidence)

    def test_mistakes(self) -> None:
        """A mistake is a problem of the host and costs nothing else."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2)
        before = self.scan()
        self.say("  - {match: {vendr: 15b3}, state: {a: 1}}\n")
        self.say("nonsense: [", "20.yaml")
        self.say("  - {match: {vendor: 15b3}, state: {psid: x}}\n", "30.yaml")
        after = self.scan()
        self.assertEqual(before.devices, after.devices)
        self.assertEqual(
            [
                f"{knowledge.FOLDER}/{place}" for place in (
                    "10-site.yaml:2", "20.yaml:2", "30.yaml:2"
                )
            ],
            [problem.path for problem in after.problems],
        )
        self.assertIn("relax", after.problems[-1].line)
        self.assertTrue(all(
            item.problems == () for item in after.devices
            if item.kind == device_.VF
        ))


class CommandTest(cli_base.CommandTestCase):
    def say(self, host: trees.HostBuilder, text: str) -> None:
        path = host.root / knowledge.FOLDER / "10-site.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"devices:\n{text}")

    def test_list(self) -> None:
        """The list shows whose word a class rests on, and each mistake."""
        host = self.host("a").mlx5_pf(base.PF, vfs=1)
        self.say(host, """\
  - {match: {vendor: 15b3}, state: {numa: 1}}
  - {match: {vendor: 15b}, state: {numa: 1}}
""")
        rows = self.rows("device", "list", "--root", str(host.root))
        self.assertEqual(
            ["operator"], [row["Evidence"] for row in rows if row["Class"]]
        )
        self.assertIn("10-site.yaml:3", self.stderr)
        self.assertIn("four hexadecimal digits", self.stderr)

    def test_compare(self) -> None:
        """What operators state differently does not match."""
        roots = []
        for name in "ab":
            host = self.host(name).mlx5_pf(base.PF, vfs=1)
            self.say(
                host, f"  - {{match: {{vendor: 15b3}}, state: {{m: {name}}}}}"
            )
            roots.append(str(host.root))
        (row,) = self.rows("compare", *roots, code=1)
        self.assertEqual(
            ("incompatible", "operator"), (row["Verdict"], row["Evidence"])
        )
        self.assertIn("m: source has a, accepts b", row["Reasons"])

    def test_snapshot(self) -> None:
        """A snapshot of a host knows what its operator does."""
        host = self.host("a").mlx5_pf(base.PF, vfs=1)
        self.say(host, "  - {match: {vendor: 15b3}, state: {numa: 1}}\n")
        wanted = self.rows("device", "list", "--root", str(host.root))
        file = str(self.folder / "a.snapshot")
        self.assertEqual(0, self.run_command(
            "snapshot", "create", file, "--root", str(host.root)
        ))
        self.assertEqual(wanted, self.rows("device", "list", "--root", file))
        self.assertIn("operator", {row["Evidence"] for row in wanted})
