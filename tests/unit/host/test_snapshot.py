# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import shutil
import tarfile
from typing import Any

from nova_vfio_compat.host import capture
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import nova_conf
from nova_vfio_compat.host import options
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base
from tests.unit.host import snapshots

MANIFEST = "nova-vfio-compat.json"


class SnapshotTest(snapshots.SnapshotTestCase):
    def manifest(self) -> dict[str, Any]:
        """The part of the snapshot that is in no file of the host."""
        found = json.loads(self.members()[MANIFEST])
        assert isinstance(found, dict)
        return found

    def test_it_reports_what_the_host_reports(self) -> None:
        """A scan of a snapshot is equal to one of the host."""
        self.populate()
        host = self.assert_same()
        names = {item.name for item in host.devices}
        self.assertTrue(names.issuperset({*snapshots.VFS, snapshots.MDEV}))

    def test_an_empty_host(self) -> None:
        """A host without devices is one in its snapshot as well."""
        self.assertEqual((), self.assert_same().devices)

    def test_this_machine(self) -> None:
        """A snapshot of the running kernel's sysfs reports the same."""
        tree = host_tree.HostTree("/")
        self.file.write_bytes(capture.capture(tree))
        self.assertEqual(
            scan.scan(tree), scan.scan(host_tree.HostTree(self.file))
        )

    def test_the_same_bytes(self) -> None:
        """The bytes depend on what is on the host and on nothing else."""
        self.populate()
        self.snapshot()
        first = self.file.read_bytes()
        # The time in the header of gzip.
        self.assertEqual(bytes(4), first[4:8])
        elsewhere = self.root.parent / "elsewhere"
        shutil.copytree(self.root, elsewhere, symlinks=True)
        for folder, _, files in os.walk(elsewhere):
            for name in files:
                os.utime(f"{folder}/{name}", (1, 1), follow_symlinks=False)
        self.assertEqual(
            first, capture.capture(host_tree.HostTree(elsewhere))
        )

    def test_the_same_bytes_from_itself(self) -> None:
        """A snapshot of a snapshot is the same snapshot."""
        self.populate()
        tree = self.snapshot(options.DeviceOptions(('{"vendor_id":"15b3"}',)))
        self.assertEqual(
            self.file.read_bytes(), capture.capture(tree, tree.options)
        )

    def test_it_holds_what_was_read(self) -> None:
        """Its files are those that a scan opens, and no other."""
        self.populate()
        opened: set[str] = set()
        scan.scan(host_tree.HostTree(self.root, opened.add))
        self.snapshot()
        self.assertEqual(opened, self.members().keys() - {MANIFEST})
        for item in ("config", "vpd", "serial", "passwd"):
            self.assertFalse([n for n in opened if n.endswith(item)])

    def test_nothing_of_the_place_it_was_made_in(self) -> None:
        """Neither names of the machine, the root and a user, nor times."""
        self.populate()
        (self.root / "sys/bus/pci/devices/0000:99:00.0").symlink_to(
            self.root / "sys/devices/gone"
        )
        self.assert_same()
        text = b"".join(self.members().values()).decode()
        self.assertNotIn(str(self.root.parent), text)
        self.assertEqual(
            {"files", "format", "kinds", "links", "lists", "nova",
             "unlisted", "unread", "version"},
            self.manifest().keys(),
        )
        with tarfile.open(self.file) as archive:
            for item in archive:
                self.assertEqual(
                    (0, 0, 0, "", "", 0o644),
                    (item.mtime, item.uid, item.gid, item.uname,
                     item.gname, item.mode),
                )

    def test_of_modules_alias_the_lines_that_count(self) -> None:
        """Aliases of other drivers are left out."""
        self.populate()
        path = self.root / "usr/lib/modules/6.12.1/modules.alias"
        text = path.read_text()
        wanted = [
            line for line in text.splitlines()
            if line.startswith("alias vfio_pci:")
        ]
        path.write_text(f"alias pci:v000015B3d* mlx5_core\n# x\n{text}")
        self.assert_same()
        (found,) = [
            data for name, data in self.members().items()
            if name.endswith("modules.alias")
        ]
        self.assertEqual(wanted, found.decode().splitlines())
        self.assertTrue(wanted)

    def test_a_device_that_goes_away_meanwhile(self) -> None:
        """What vanished while it was recorded is not in the snapshot."""
        self.populate()
        vf = self.host.path("0000:81:00.2")
        # That one is there is asked of an mdev before it is read as well.
        mdev = self.host.path(base.UUID)

        def opened(name: str) -> None:
            for path, file in (
                (vf, f"{vf.name}/resource"),
                (mdev, f"{mdev.name}/migration/self/type"),
            ):
                if name.endswith(file) and path.exists():
                    shutil.rmtree(path)

        tree = host_tree.HostTree(self.root, opened)
        self.file.write_bytes(capture.capture(tree))
        found = scan.scan(host_tree.HostTree(self.file))
        names = {item.name for item in found.devices}
        self.assertNotIn(snapshots.VFS[0], names)
        self.assertNotIn(snapshots.MDEV, names)
        self.assertIn(snapshots.VFS[1], names)

    def test_what_was_not_asked_is_not_missing(self) -> None:
        """A file that a snapshot does not have may be on the host."""
        self.populate()
        tree = self.snapshot()
        path = self.host.path("0000:81:00.2").relative_to(self.root)
        for name in ("numa_node", "class/x"):
            error = self.assertRaises(
                errors.ReadError, tree.read, f"{path}/{name}"
            )
            self.assertNotIsInstance(error, errors.Missing)
            self.assertIn("make a new one", error.detail)
        # Its directory was listed, and that name is not in it.
        self.assertRaises(errors.Missing, tree.read, f"{path}/serial")
        self.assertRaises(errors.Missing, tree.read, f"{path}/x/serial")
        self.assertEqual([], tree.listdir("sys/bus/mdev/devices/x"))

    def test_nova_conf(self) -> None:
        """What Nova offers is in it, without the rest of the entries."""
        self.populate()
        known = options.DeviceOptions(
            ('{"address": "0000:81:00.3", "managed": "no"}',),
            ((base.GVT, (base.GPU,)),),
        )
        tree = self.snapshot(known)
        self.assertEqual(known, tree.options)
        assert tree.options is not None
        found = scan.scan(tree, nova_conf.offered(tree.options))
        host = host_tree.HostTree(self.root)
        self.assertEqual(scan.scan(host, nova_conf.offered(known)), found)
        offered = {
            (item.name, item.type) for item in found.devices if item.offered
        }
        self.assertEqual(
            {
                ("pci_0000_81_00_3", None),
                ("pci_0000_00_02_0", base.GVT),
                (snapshots.MDEV, base.GVT),
            },
            offered,
        )
        self.assertIsNone(self.snapshot().options)

    def test_odd_names(self) -> None:
        """Names that are no text are kept as they are."""
        self.populate()
        folder = self.root / "sys/devices/virtual/x\udcff\n"
        self.write(f"{folder}/mdev_supported_types/\u20ac/device_api", "x\n")
        (self.root / "sys/class/mdev_bus/\udcff").symlink_to(folder)
        host = self.assert_same()
        (found,) = [one for one in host.devices if one.type == "\u20ac"]
        self.assertIn(
            "x\udcff\n/mdev_supported_types/\u20ac/device_api",
            " ".join(self.members()),
        )

    def test_a_large_host(self) -> None:
        """A VF costs some hundred bytes."""
        self.host.kernel().mlx5_pf(base.PF, vfs=64)
        self.snapshot()
        self.assertLess(self.file.stat().st_size, 64 * 500)
