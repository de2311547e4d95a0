# SPDX-License-Identifier: Apache-2.0

"""Commands that cannot say yes or no."""

from __future__ import annotations

import shutil

from nova_vfio_compat.cli import hosts
from nova_vfio_compat.placement import codec
from tests.unit.cli import base

VF = "pci_0000_81_00_2"


class CompareTest(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        for name in "ab":
            self.host(name).mlx5_pf("0000:81:00.0", vfs=2)
        self.roots = (str(self.folder / "a"), str(self.folder / "b"))

    def assert_no_answer(self, *argv: str, word: str) -> None:
        self.assertEqual(
            2, self.run_command("compare", *self.roots, *argv)
        )
        self.assertIn(word, self.stderr)
        self.assertNotIn("Traceback", self.stderr)

    def test_wrong_column(self) -> None:
        """A column that does not exist is no verdict."""
        self.assert_no_answer("-c", "Nope", word="Nope")

    def test_log_file(self) -> None:
        """A log file that cannot be written is one sentence, no verdict."""
        path = str(self.folder / "none" / "log")
        self.assert_no_answer("--log-file", path, word=path)
        self.assertEqual(1, len(self.stderr.splitlines()))
        self.assert_no_answer("--debug", "--log-file", path, word=path)

    def test_a_bug(self) -> None:
        """An exception that nobody thought of is no verdict."""
        def read(*args: object) -> None:
            raise ZeroDivisionError("a bug")

        self.patch(hosts, "read", read)
        self.assert_no_answer(word="a bug")

    def test_a_list_that_cannot_be_read(self) -> None:
        """Devices that may be there and are not seen are no yes."""
        path = self.folder / "a/sys/bus/pci/devices"
        shutil.rmtree(path)
        path.symlink_to("devices")
        self.assert_no_answer(word="sys/bus/pci/devices")

    def test_a_lost_vf(self) -> None:
        """A VF that cannot be looked at is unknown: no host takes it."""
        path = self.folder / "a/sys/bus/pci/devices/0000:81:00.2"
        path.unlink()
        path.symlink_to(path.name)
        found = self.rows("compare", *self.roots, code=1)
        self.assertEqual(
            {"unknown"},
            {row["Verdict"] for row in found if row["Source"] == VF},
        )
        self.assertIn("unreadable", found[0]["Reasons"])
        rows = self.rows("device", "list", "--root", self.roots[0])
        (row,) = [row for row in rows if row["Device"] == VF]
        self.assertEqual("unknown", row["Migratable"])
        self.assertEqual("unreadable", row["Reason"])


class TraitShowTest(base.CommandTestCase):
    def test_none_of_ours(self) -> None:
        """Names of other traits are said to be none of this project's."""
        self.assertEqual(1, self.run_command("trait", "show", "FOO"))
        (line,) = self.stderr.splitlines()
        self.assertIn("none of", line)
        self.assertIn(codec.PREFIX, line)

    def test_one_of_ours(self) -> None:
        """One is enough."""
        self.assertEqual(
            0, self.run_command("trait", "show", "FOO", codec.REPORT)
        )
        self.assertEqual("", self.stderr)
