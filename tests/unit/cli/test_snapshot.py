# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import pathlib
import resource
import stat
from typing import Any

from nova_vfio_compat.host import archive
from nova_vfio_compat.host import capture
from nova_vfio_compat.host import snapshot
from tests import trees
from tests.unit.cli import base

CONF = """
[DEFAULT]
host = secret-name
[pci]
device_spec = {"address": "0000:81:00.2", "physical_network": "secret-net"}
[placement]
password = secret-word
"""


class SnapshotTest(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host("a").mlx5_pf("0000:81:00.0", vfs=2).mtty()
        self.root = str(self.folder / "a")
        self.file = self.folder / "a.tar.gz"

    def create(self, *argv: str, code: int = 0) -> None:
        self.assertEqual(
            code,
            self.run_command(
                "snapshot", "create", str(self.file), "--root", self.root,
                *argv,
            ),
            self.stderr,
        )

    def assert_one_line(self, *words: str) -> None:
        self.assertEqual("", self.stdout)
        (line,) = self.stderr.splitlines()
        for word in words:
            self.assertIn(word, line)

    def left(self) -> set[str]:
        """The files beside the snapshot."""
        return set(os.listdir(self.folder)) - {"a"}

    def test_wherever_a_root_is_taken(self) -> None:
        """Every command says of the snapshot what it says of the host."""
        self.create()
        self.assertEqual(
            f"{self.file}: {self.file.stat().st_size} bytes\n", self.stdout
        )
        for argv in (
            ("device", "list", "--root"),
            ("device", "show", "pci_0000_81_00_2", "--root"),
            ("compare", self.root),
            ("compare", str(self.file)),
        ):
            host = self.rows(*argv, self.root)
            text = self.stderr
            self.assertEqual(host, self.rows(*argv, str(self.file)))
            self.assertEqual(text, self.stderr)

    def test_with_the_running_host(self) -> None:
        """A snapshot can be compared with the running host, and be of it."""
        self.create()
        self.assertIn(
            self.run_command("compare", str(self.file), "/"), (0, 1)
        )
        self.root = "/"
        self.create("--force")
        self.assertIn(
            self.run_command("compare", str(self.file), "/"), (0, 1)
        )

    def test_nova_conf(self) -> None:
        """What Nova offers is known of a snapshot, and nothing else is."""
        conf = self.folder / "nova.conf"
        conf.write_text(CONF)
        self.create("--config-file", str(conf))
        members = archive.load(str(self.file), 1 << 20, {})
        self.assertNotIn(b"secret", b"".join(members.values()))
        rows = self.rows("device", "list", "--root", str(self.file))
        self.assertEqual(
            rows,
            self.rows(
                "device", "list", "--root", self.root,
                "--config-file", str(conf),
            ),
        )
        marked = {
            row["Device"] for row in rows if "not_offered" in row["Reason"]
        }
        self.assertIn("pci_0000_81_00_3", marked)
        self.assertNotIn("pci_0000_81_00_2", marked)
        # Who gives a nova.conf means that one.
        conf.write_text("[pci]\n")
        rows = self.rows(
            "device", "list", "--root", str(self.file),
            "--config-file", str(conf),
        )
        self.assertEqual(
            {"not_offered"}, {row["Reason"].split("; ")[-1] for row in rows}
        )
        conf.write_text("[pci]\ndevice_spec = {broken\n")
        self.create("--config-file", str(conf), "--force", code=2)
        self.assert_one_line("{broken")

    def test_a_file_that_exists(self) -> None:
        """A file is replaced if that is said, anything else never."""
        self.file.write_text("x")
        self.create(code=2)
        self.assert_one_line(str(self.file), "--force")
        self.assertEqual("x", self.file.read_text())
        self.create("--force")
        self.assertGreater(self.file.stat().st_size, 100)
        os.umask(old := os.umask(0o027))
        self.assertEqual(
            0o666 & ~old, stat.S_IMODE(self.file.stat().st_mode)
        )
        for make in (pathlib.Path.mkdir, os.mkfifo, self.link):
            self.file = self.folder / getattr(make, "__name__", "x")
            make(self.file)
            self.create("--force", code=2)
            self.assert_one_line("not a regular file")
        self.file = pathlib.Path("/dev/null")
        self.create("--force", code=2)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_a_file_that_somebody_else_makes_meanwhile(self) -> None:
        """A file that appears while the host is read is not replaced."""
        real = capture.capture

        def slow(*args: Any) -> bytes:
            self.file.write_text("x")
            return real(*args)

        self.patch(capture, "capture", slow)
        self.create(code=2)
        self.assert_one_line("--force")
        self.assertEqual("x", self.file.read_text())
        self.assertEqual({self.file.name}, self.left())

    def link(self, path: pathlib.Path) -> None:
        path.symlink_to("somewhere")

    def test_a_disk_that_is_full(self) -> None:
        """What cannot be written whole is not there, nor is a part."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(
            resource.setrlimit, resource.RLIMIT_FSIZE, limits
        )
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        self.create(code=2)
        # stevedore has a cache, and says as well that it cannot be written.
        line = self.stderr.splitlines()[-1]
        self.assertIn(f"{self.file} cannot be written", line)
        self.assertEqual(set(), self.left())
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.file.write_text("x")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        self.create("--force", code=2)
        self.assertEqual("x", self.file.read_text())
        self.assertEqual({self.file.name}, self.left())

    def test_a_folder_that_is_not_there(self) -> None:
        """No folder is made, and nothing is scanned in vain."""
        self.file = self.folder / "none" / "a.tar.gz"
        self.create(code=2)
        self.assert_one_line(str(self.file), "cannot be written")

    def test_no_host(self) -> None:
        """Without a host there is no snapshot."""
        self.root = str(self.folder / "none")
        self.create(code=2)
        self.assert_one_line(self.root)
        self.assertEqual(set(), self.left())

    def test_no_snapshot(self) -> None:
        """What is no snapshot is one sentence and code 2, everywhere."""
        name = str(self.file)
        self.file.write_bytes(b"x")
        for argv in (
            ("device", "list", "--root", name),
            ("device", "show", "x", "--root", name),
            ("compare", name, self.root),
            ("compare", self.root, name),
            ("snapshot", "create", f"{name}.2", "--root", name),
        ):
            self.assertEqual(2, self.run_command(*argv))
            self.assert_one_line(name, "make a new one")
        os.remove(self.file)
        os.mkfifo(self.file)
        self.assertEqual(
            2, self.run_command("device", "list", "--root", name)
        )
        self.assert_one_line(name, "not a directory and not a snapshot")

    def test_nova_conf_of_a_snapshot_that_was_changed(self) -> None:
        """What a snapshot says Nova offers is looked at as a nova.conf is."""
        self.create("--config-file", "/dev/null")
        members = archive.load(str(self.file), 1 << 20, {})
        name = snapshot.MANIFEST
        members[name] = members[name].replace(
            b'"device_spec": []', b'"device_spec": ["{broken"]'
        )
        self.file.write_bytes(archive.pack(members))
        self.assertEqual(
            2, self.run_command("device", "list", "--root", str(self.file))
        )
        self.assert_one_line(str(self.file), "{broken")

    def test_what_could_not_be_read(self) -> None:
        """What a host could not tell is told of its snapshot."""
        trees.HostBuilder(self.root).break_file(
            "sys/bus/pci/devices/0000:81:00.3"
        )
        self.create()
        for argv in (
            ("device", "list", "--root"), ("compare", self.root),
        ):
            self.run_command(*argv, self.root)
            text = self.stderr.replace(self.root, "")
            self.run_command(*argv, str(self.file))
            found = self.stderr.replace(str(self.file), "")
            self.assertEqual(text, found.replace(self.root, ""))
            self.assertIn("0000:81:00.3", text)
