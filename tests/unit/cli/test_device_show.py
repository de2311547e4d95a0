# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from typing import Any

from tests import trees
from tests.unit.cli import base

GVT = "i915-GVTg_V5_4"
GPU = "0000:00:02.0"
VF = "pci_0000_81_00_2"
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"


class DeviceShowTest(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.a = self.host("a").mlx5_pf("0000:81:00.0", vfs=2)
        self.root = str(self.folder / "a")

    def declaring(self) -> None:
        """Give the host an mdev that declares what it writes."""
        self.a.mtty(["mtty-1", "mtty-2"])
        self.a.mdev_parent(GPU, types={GVT: {}}).mdev(
            UUID, parent=GPU, type=GVT, migration=trees.Migration(
                self={
                    "device_api": "vfio-pci",
                    "type": GVT,
                    "software_version": "1.0.0",
                },
                compatible=[
                    {"type": GVT, "software_version": "1.{n:int:0,1}.0"},
                ],
            ),
        )

    def show(self, name: str, *argv: str, code: int = 0) -> dict[str, Any]:
        self.assertEqual(
            code,
            self.run_command(
                "device", "show", name, "--root", self.root, "-f", "json",
                *argv,
            ),
            self.stderr,
        )
        if code:
            self.assertEqual("", self.stdout)
            return {}
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def files(self, found: dict[str, Any]) -> dict[str, str]:
        """What was read, by the last part of the file's name."""
        return {
            one["path"].rpartition("/")[2]: one.get("value", one.get("error"))
            for one in found["Files"]
        }

    def test_a_vf(self) -> None:
        """A VF is shown with its class, its rule and every file."""
        found = self.show(VF)
        rows = self.rows("device", "list", "--root", self.root)
        (row,) = [row for row in rows if row["Device"] == VF]
        for column in ("Device", "Kind", "Driver", "Migratable", "Evidence"):
            self.assertEqual(row[column], found[column])
        self.assertEqual(
            ("pci_0000_81_00_0", "mlx5_core", "mlx5", "unknown"),
            (found["Parent"], found["Bound"], found["Source"],
             found["Offered"]),
        )
        self.assertIn("modules.alias", found["Driver from"])
        self.assertIn("drivers/vfio/pci/mlx5/main.c", found["Rule"])
        self.assertEqual([], found["Reason"])
        (one,) = found["Classes"]
        self.assertEqual(row["Class"], one["id"])
        state = {item["attribute"]: item for item in one["state"]}
        self.assertEqual("28.43.1000", state["firmware"]["value"])
        self.assertIn("fw_ver", state["firmware"]["from"])
        exposed = {item["attribute"]: item for item in one["exposed"]}
        self.assertEqual("101e", exposed["device"]["value"])
        self.assertEqual("device", exposed["device"]["from"])
        self.assertIn("vf_migration_mode", one["unverified"])
        files = self.files(found)
        self.assertEqual("28.43.1000", files["fw_ver"])
        self.assertEqual("0x00", files["revision"])
        self.assertEqual("6.12.1", files["osrelease"])
        self.assertIn("vfio_pci:v000015B3", files["modules.alias"])
        for one in found["Files"]:
            # Not those of its sibling.
            self.assertNotIn("0000:81:00.3", one["path"])

    def test_the_table(self) -> None:
        """For people it is text, without lists and objects of a program."""
        self.assertEqual(
            0, self.run_command("device", "show", VF, "--root", self.root)
        )
        for text in (
            "state: firmware = 28.43.1000", "accepts: what it writes",
            "exposed: class = 020000", "... (13 lines)", "revision = 0x00",
        ):
            self.assertIn(text, self.stdout)
        self.assertNotIn("[{", self.stdout)

    def test_what_cannot_be_read(self) -> None:
        """A file that is missing or broken is there with the error."""
        path = self.a.path("0000:81:00.2")
        (path / "revision").unlink()
        self.a.break_file(path / "class")
        found = self.show(VF)
        files = self.files(found)
        self.assertEqual("does not exist", files["revision"])
        self.assertEqual("goes through too many links", files["class"])
        self.assertEqual("unknown", found["Migratable"])
        (reason,) = found["Reason"]
        self.assertEqual("unreadable", reason["code"])
        self.assertTrue(reason["text"])
        (problem,) = found["Problems"]
        self.assertEqual("unreadable", problem["code"])
        self.assertTrue(problem["path"].endswith("class"))
        self.run_command("device", "show", VF, "--root", self.root)
        self.assertIn("class: goes through too many links", self.stdout)
        self.assertIn("unreadable: ", self.stdout)

    def test_a_device_that_no_source_knows(self) -> None:
        """It is said that there is no rule, and the ids are shown."""
        self.a.pci("0000:05:00.0", trees.Function(0x1234, 0x5678), "vfio-pci")
        found = self.show("0000:05:00.0")
        self.assertEqual("no", found["Migratable"])
        self.assertEqual("bound to it now", found["Driver from"])
        self.assertEqual("0x1234", self.files(found)["vendor"])

    def test_an_mdev(self) -> None:
        """An mdev has what it declares, and the files of migration/."""
        self.declaring()
        for name in (MDEV, UUID):
            found = self.show(name)
            self.assertEqual(MDEV, found["Device"])
        self.assertEqual(
            ("declared", "migration", GVT),
            (found["Evidence"], found["Source"], found["Type"]),
        )
        (one,) = found["Classes"]
        for item in one["state"]:
            self.assertTrue(item["from"])
        self.assertTrue(
            [one for one in found["Files"] if "migration/self" in one["path"]]
        )

    def test_types(self) -> None:
        """A type of several of one parent is named with the parent."""
        self.declaring()
        found = self.show("mtty_mtty/mtty-2")
        self.assertEqual("mtty-2", found["Type"])
        self.show("mtty_mtty", code=2)
        self.assertIn("mtty_mtty/mtty-1, mtty_mtty/mtty-2", self.stderr)
        # What its mdev declares is what it is known by.
        found = self.show("0000:00:02.0")
        self.assertEqual(("mdev-type", GVT), (found["Kind"], found["Type"]))
        self.assertEqual("migration", found["Source"])
        self.assertIn("software_version", self.files(found))

    def test_a_pf(self) -> None:
        """A PF is shown, and hands nothing out itself."""
        found = self.show("pci_0000_81_00_0")
        self.assertEqual("pf", found["Kind"])
        self.assertEqual("no", found["Migratable"])

    def test_a_lost_vf(self) -> None:
        """A VF that only its PF tells of is shown as far as it is known."""
        link = self.folder / "a/sys/bus/pci/devices/0000:81:00.2"
        link.unlink()
        link.symlink_to(link.name)
        found = self.show(VF)
        self.assertEqual("unknown", found["Migratable"])
        self.assertEqual([], found["Classes"])

    def test_no_such_device(self) -> None:
        """A wrong name is one sentence with names that are like it."""
        self.show("pci_0000_81_00_7", code=2)
        (line,) = self.stderr.splitlines()
        self.assertIn("pci_0000_81_00_7", line)
        self.assertIn(VF, line)
        self.show("\x1b[2J", code=2)
        (line,) = self.stderr.splitlines()
        self.assertTrue(line.isprintable())
        self.assertIn("device list", line)
        self.root = str(self.folder / "none")
        self.show(VF, code=2)
        self.assertIn(self.root, self.stderr)

    def test_nova_conf(self) -> None:
        """With a nova.conf it is known whether Nova offers the device."""
        conf = self.folder / "nova.conf"
        conf.write_text(
            '[pci]\ndevice_spec = {"address": "*:81:00.2", "managed": "no"}\n'
        )
        found = self.show(VF, "--config-file", str(conf))
        self.assertEqual("yes", found["Offered"])
        (reason,) = found["Reason"]
        self.assertEqual("no_vfio_driver", reason["code"])
        self.assertEqual(reason["text"], found["Driver from"])
        found = self.show("pci_0000_81_00_3", "--config-file", str(conf))
        self.assertEqual("no", found["Offered"])
        self.assertEqual("not_offered", found["Reason"][-1]["code"])
