# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from tests import trees
from tests.unit.cli import base

GVT = "i915-GVTg_V5_4"
GPU = "0000:00:02.0"
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"


def declared(version: str) -> trees.Migration:
    return trees.Migration(
        self={
            "device_api": "vfio-pci",
            "type": GVT,
            "software_version": version,
        },
        compatible=[{"type": GVT}],
    )


class CompareTest(base.CommandTestCase):
    def compare(self, code: int) -> dict[tuple[str, str], dict[str, str]]:
        found = self.rows(
            "compare", str(self.folder / "a"), str(self.folder / "b"),
            code=code,
        )
        return {(row["Source"], row["Destination"]): row for row in found}

    def vgpu(self, name: str, version: str) -> None:
        host = self.host(name).mdev_parent(GPU, types={GVT: {}})
        host.mdev(UUID, parent=GPU, type=GVT, migration=declared(version))

    def test_direction(self) -> None:
        """Old to new is a yes, new to old a no with the reason."""
        self.vgpu("a", "1.0.0")
        self.vgpu("b", "1.1.0")
        found = self.compare(0)
        self.assertEqual(4, len(found))
        row = found[MDEV, "pci_0000_00_02_0"]
        self.assertEqual(
            ["Source", "Destination", "Verdict", "Evidence", "Reasons"],
            list(row),
        )
        self.assertEqual("compatible", row["Verdict"])
        self.assertEqual("declared", row["Evidence"])
        self.assertEqual(
            1,
            self.run_command(
                "compare", str(self.folder / "b"), str(self.folder / "a"),
                "-f", "json",
            ),
        )
        for row in json.loads(self.stdout):
            self.assertEqual("incompatible", row["Verdict"])
            self.assertIn("software_version", row["Reasons"])
            self.assertIn("1.1.0", row["Reasons"])

    def test_all_pairings(self) -> None:
        """A type whose mdevs differ is a yes only if each of them is."""
        self.vgpu("a", "1.1.0")
        self.vgpu("b", "1.1.0")
        self.compare(0)
        trees.HostBuilder(self.folder / "b").mdev(
            UUID[:-1] + "2", parent=GPU, type=GVT,
            migration=declared("1.0.0"),
        )
        found = self.compare(0)
        self.assertEqual("compatible", found[MDEV, MDEV]["Verdict"])
        self.assertEqual(
            "incompatible", found[MDEV, "pci_0000_00_02_0"]["Verdict"]
        )

    def test_every_source_device_needs_a_destination(self) -> None:
        """One device without a destination makes the exit code 1."""
        self.host("a").mlx5_pf("0000:81:00.0", vfs=1).mlx5_pf(
            "0000:91:00.0", vfs=1, firmware="28.44.1000"
        )
        self.host("b").mlx5_pf("0000:81:00.0", vfs=1)
        found = self.compare(1)
        self.assertEqual(
            {"pci_0000_81_00_2": "compatible",
             "pci_0000_91_00_2": "incompatible"},
            {source: row["Verdict"] for (source, _), row in found.items()},
        )

    def test_unknown(self) -> None:
        """What cannot be told is neither yes nor no, and exit code 1."""
        self.host("a").mlx5_pf("0000:81:00.0", vfs=1)
        self.host("b").mlx5_pf("0000:81:00.0", vfs=1, infiniband=False)
        (row,) = self.compare(1).values()
        self.assertEqual("unknown", row["Verdict"])
        self.assertIn("firmware_unreadable", row["Reasons"])

    def test_types_of_one_parent(self) -> None:
        """A parent of several types has a name for each."""
        for name in "ab":
            self.host(name).mtty(["mtty-1", "mtty-2"])
        found = self.compare(0)
        self.assertEqual(
            {"mtty_mtty/mtty-1", "mtty_mtty/mtty-2"},
            {source for source, _ in found},
        )
        self.assertEqual(
            "incompatible",
            found["mtty_mtty/mtty-1", "mtty_mtty/mtty-2"]["Verdict"],
        )

    def test_nothing_to_compare(self) -> None:
        """A source without devices is fine, and said."""
        self.host("a")
        self.host("b").mlx5_pf("0000:81:00.0", vfs=1)
        self.assertEqual({}, self.compare(0))
        self.assertIn("nothing to compare", self.stderr)

    def test_no_destination(self) -> None:
        """A destination without devices accepts nothing."""
        self.host("a").mlx5_pf("0000:81:00.0", vfs=1)
        self.host("b")
        self.assertEqual({}, self.compare(1))
        self.assertIn("could be a destination", self.stderr)

    def test_no_host(self) -> None:
        """A root without a host is one sentence and code 2."""
        self.host("a")
        root = str(self.folder / "none")
        self.assertEqual(
            2, self.run_command("compare", str(self.folder / "a"), root)
        )
        self.assertIn(root, self.stderr)
        self.assertEqual(1, len(self.stderr.splitlines()))

    def test_what_is_unverified(self) -> None:
        """A yes says what it does not rest on."""
        for name in "ab":
            self.host(name).mlx5_pf("0000:81:00.0", vfs=1)
        (row,) = self.compare(0).values()
        self.assertEqual("compatible", row["Verdict"])
        self.assertRegex(row["Reasons"], "^unverified: [a-z_:, ]+$")
