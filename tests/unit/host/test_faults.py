# SPDX-License-Identifier: Apache-2.0

"""Files of a host that cannot be read, or hold anything at all.

Each fault is tried on each file that decides about a device: the scan
survives it, the device is not what it was, the others are, and the scan
says which file is to blame. A snapshot of that host says the same.
"""

from __future__ import annotations

import errno
import os
import pathlib

from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import files
from nova_vfio_compat.host import store as store_
from tests.unit.host import base
from tests.unit.host import faults
from tests.unit.host import snapshots

VF = "0000:81:00.2"
VF_NAME, SIBLING = snapshots.VFS
VF_FILES = ("vendor", "device", "revision", "class", "resource")
PF_FILES = ("infiniband/mlx5_0/fw_ver", "infiniband/mlx5_0/board_id")
MDEV_FILES = (
    "migration/self/type", "migration/self/software_version",
    "migration/compatible/type",
)


class FaultTest(snapshots.SnapshotTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.populate()
        self.intact = self.by_name(self.scan())

    def by_name(
        self, found: device_.HostScan
    ) -> dict[tuple[str, str | None], device_.Device]:
        return {(item.name, item.type): item for item in found.devices}

    def each_fault(
        self,
        path: pathlib.Path,
        *victims: str,
        besides: tuple[str, ...] = (),
    ) -> None:
        """Try everything on a file; only these devices suffer.

        :param besides: faults that are none here
        """
        data = path.read_bytes()
        for name, break_it in faults.FAULTS.items():
            if name in besides:
                continue
            path.unlink()
            break_it(path)
            self.assert_survived(name, path, victims)
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            path.write_bytes(data)
        real = str(path.relative_to(self.root))
        for number in faults.ERRORS:
            self.assert_survived(
                os.strerror(number), path, victims,
                faults.Failing(str(self.root), real, number),
            )
        self.assertEqual(self.intact, self.by_name(self.scan()))

    def assert_survived(
        self,
        fault: str,
        path: pathlib.Path,
        victims: tuple[str, ...],
        store: store_.Store | None = None,
    ) -> None:
        host = self.assert_same(store)
        found = self.by_name(host)
        for key, intact in self.intact.items():
            name, _ = key
            if name not in victims:
                self.assertEqual(intact, found.get(key), f"{fault}: {name}")
                continue
            self.assertIn(key, found, fault)
            self.assert_suffers(fault, path, intact, found[key])
        for item in host.devices:
            for problem in (*host.problems, *item.problems):
                self.assertTrue(problem.line.isprintable(), fault)

    def assert_suffers(
        self,
        fault: str,
        path: pathlib.Path,
        intact: device_.Device,
        found: device_.Device,
    ) -> None:
        """Never the same class as before, and never silently another."""
        label = f"{fault}: {path}: {found}"
        self.assertNotEqual(intact.classes, found.classes, label)
        said = " ".join(
            f"{problem.path} {problem.detail}" for problem in found.problems
        )
        for one in found.classes:
            if one.reason is None:
                # What an optional file would have told.
                self.assertIn(f"exposed:{path.name}", [
                    name.replace("bars", "resource")
                    for name in one.unverified
                ], label)
            elif found.problems:
                self.assertIn(path.name, said, label)
            self.assertTrue(
                one.reason is None or one.reason.is_unknown, label
            )

    def test_files_of_a_vf(self) -> None:
        """A VF's file that is broken costs that VF alone."""
        for name in VF_FILES:
            self.each_fault(self.host.path(VF) / name, VF_NAME)

    def test_files_of_a_pf(self) -> None:
        """A PF's file that is broken costs its VFs."""
        for name in PF_FILES:
            self.each_fault(
                self.host.path(base.PF) / name, VF_NAME, SIBLING
            )

    def test_files_of_an_mdev(self) -> None:
        """A file that an mdev declares with costs it, and its type."""
        for name in MDEV_FILES:
            self.each_fault(
                self.host.path(base.UUID) / name,
                snapshots.MDEV, "pci_0000_00_02_0",
                # Then it accepts its own type, or any.
                besides=("missing", "empty") if "compatible" in name else (),
            )

    def test_folders(self) -> None:
        """A directory that cannot be listed costs its devices."""
        for path, victims in (
            (self.host.path(VF), {VF_NAME}),
            (self.host.path(base.PF) / "infiniband", {VF_NAME, SIBLING}),
            (self.host.path(base.UUID) / "migration/self",
             {snapshots.MDEV, "pci_0000_00_02_0"}),
        ):
            store = faults.Failing(
                str(self.root), str(path.relative_to(self.root)), errno.EACCES
            )
            host = self.assert_same(store)
            found = self.by_name(host)
            for key, intact in self.intact.items():
                if key[0] not in victims:
                    self.assertEqual(intact, found[key])
                else:
                    self.assertNotEqual(intact, found[key])
            lines = [one.line for one in host.problems] + [
                one.line for item in host.devices for one in item.problems
            ]
            self.assertIn("Permission denied", " ".join(lines))

    def test_a_host_without_modules_alias(self) -> None:
        """modules.alias that is broken costs PCI functions that need it."""
        path = self.root / "usr/lib/modules/6.12.1/modules.alias"
        data = path.read_bytes()
        for name, break_it in faults.FAULTS.items():
            path.unlink()
            break_it(path)
            found = self.by_name(self.assert_same())
            self.assertEqual(self.intact.keys(), found.keys(), name)
            for key in self.intact:
                if key[0] not in snapshots.VFS:
                    self.assertEqual(self.intact[key], found[key], name)
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            path.write_bytes(data)

    def test_all_at_once(self) -> None:
        """A host of which no attribute can be read lists its devices."""
        class Dark(store_.DirectoryStore):
            def read(
                self, path: str, real: str, limit: int, prefix: bytes = b""
            ) -> bytes:
                raise files.unreadable(path, OSError(errno.EIO, "x"))

        host = self.assert_same(Dark(str(self.root)))
        self.assertEqual(self.intact.keys(), self.by_name(host).keys())
        for item in host.devices:
            for one in item.classes:
                assert one.reason is not None
                self.assertTrue(one.reason.is_unknown)

    def test_links_between_devices(self) -> None:
        """A VF whose link to its PF lies is still a VF of a PF, or none."""
        link = self.host.path(VF) / "physfn"
        for target in ("physfn", "/etc", "../" * 40 + "etc", "."):
            link.unlink()
            link.symlink_to(target)
            found = self.by_name(self.assert_same())
            self.assertEqual(
                self.intact[SIBLING, None], found[SIBLING, None]
            )
            item = found[VF_NAME, None]
            self.assertEqual(device_.VF, item.kind)

    def test_a_loop_of_folders(self) -> None:
        """A link to a folder above is followed as far as it is asked."""
        (self.host.path(base.GPU) / "mdev_supported_types/x").symlink_to("..")
        (self.root / "sys/class/mdev_bus/0000:00:03.0").symlink_to("..")
        found = self.by_name(self.assert_same())
        for key, intact in self.intact.items():
            self.assertEqual(intact, found[key])
