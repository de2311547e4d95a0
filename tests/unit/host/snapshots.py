# SPDX-License-Identifier: Apache-2.0

"""What the tests of snapshots share."""

from __future__ import annotations

import pathlib
import tarfile

from nova_vfio_compat.host import capture
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import options
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import store as store_
from nova_vfio_compat.host import tree as host_tree
from tests.unit.host import base

VFS = ("pci_0000_81_00_2", "pci_0000_81_00_3")
MDEV = "mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_0000_00_02_0"


class SnapshotTestCase(base.HostTestCase):
    """Has a host of several families and makes snapshots of it."""

    def populate(self) -> None:
        """Give the host VFs, types of mdevs and one that declares."""
        self.host.kernel().mlx5_pf(base.PF, vfs=2).mtty()
        self.host.mdev_parent(base.GPU, types={base.GVT: {}})
        self.host.mdev(
            base.UUID, parent=base.GPU, type=base.GVT,
            migration=base.declared(),
        )

    @property
    def file(self) -> pathlib.Path:
        """Where the snapshot is."""
        return self.root.parent / "host.tar.gz"

    def snapshot(
        self,
        known: options.DeviceOptions | None = None,
        store: store_.Store | None = None,
    ) -> host_tree.HostTree:
        """Make a snapshot of the host and open it."""
        tree = host_tree.HostTree(self.root, store=store)
        self.file.write_bytes(capture.capture(tree, known))
        return host_tree.HostTree(self.file)

    def assert_same(
        self, store: store_.Store | None = None
    ) -> device_.HostScan:
        """A snapshot of the host has the devices and problems of it."""
        host = scan.scan(host_tree.HostTree(self.root, store=store))
        found = scan.scan(self.snapshot(store=store))
        self.assertEqual(host.devices, found.devices)
        self.assertEqual(host.problems, found.problems)
        self.assertEqual(host, found)
        return host

    def members(self) -> dict[str, bytes]:
        """What is in the snapshot."""
        found = {}
        with tarfile.open(self.file) as archive:
            for item in archive:
                stream = archive.extractfile(item)
                assert stream is not None
                found[item.name] = stream.read()
        return found
