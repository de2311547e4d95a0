# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import pathlib

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


class CompareClassesTest(base.CommandTestCase):
    """Classes in JSON instead of hosts."""

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def vgpu(self, name: str, aggregator: str) -> str:
        return self.file(name, json.dumps({
            "state": {"mdev_type": GVT, "aggregator": aggregator},
            "settable": ["aggregator"],
        }))

    def test_what_to_set(self) -> None:
        """A conditional verdict says what the destination must be given."""
        small, large = self.vgpu("a.json", "1"), self.vgpu("b.json", "2")
        verdicts = self.folder / "verdicts"
        (row,) = self.rows(
            "compare", small, large, "--verdicts", str(verdicts), code=1
        )
        self.assertEqual(("a", "b"), (row["Source"], row["Destination"]))
        self.assertEqual("conditional", row["Verdict"])
        self.assertTrue(
            row["Reasons"].startswith("set aggregator=1 on the destination")
        )
        (found,) = json.loads(verdicts.read_text(encoding="ascii"))
        self.assertEqual("conditional", found["verdict"])
        self.assertEqual({"aggregator": "1"}, found["verdicts"][0]["set"])
        self.rows("compare", small, small, code=0)

    def test_a_class_and_a_host(self) -> None:
        """One side may be a host."""
        host = self.host("host").mdev_parent(GPU, types={GVT: {}})
        host.mdev(UUID, parent=GPU, type=GVT, migration=declared("1.1.0"))
        known = self.file("one.json", json.dumps({
            "family": "migration",
            "state": {
                "device_api": "vfio-pci", "type": GVT,
                "software_version": "1.0.0",
            },
        }))
        found = self.rows("compare", known, str(self.folder / "host"))
        self.assertEqual({"compatible"}, {row["Verdict"] for row in found})
        self.rows("compare", str(self.folder / "host"), known, code=1)

    def test_a_function(self) -> None:
        """The class of a PCI function is compared like any other."""
        one = self.file("nic.json", json.dumps({
            "bus": "pci", "family": "mlx5", "state": {"firmware": "1"},
        }))
        (row,) = self.rows("compare", one, one)
        self.assertEqual("compatible", row["Verdict"])

    def test_what_is_no_class(self) -> None:
        """Exit code 2, and where the mistake is."""
        good = self.vgpu("a.json", "1")
        for text, wanted in (
            ('{"state": {"a": }}', "^"),
            ('{"state": {"a": "{"}}', "braces"),
            ("[]", "object"),
        ):
            bad = self.file("bad.json", text)
            self.assertEqual(2, self.run_command("compare", good, bad))
            self.assertIn("bad.json", self.stderr)
            self.assertIn(wanted, self.stderr)
        pathlib.Path(bad).write_bytes(b"\xff")
        self.assertEqual(2, self.run_command("compare", good, bad))
        self.assertEqual(
            2, self.run_command("compare", good, f"{self.folder}/no.json")
        )
        self.assertIn("No such file", self.stderr)
        self.assertEqual(2, self.run_command(
            "compare", good, good, "--verdicts", f"{self.folder}/no/file"
        ))
