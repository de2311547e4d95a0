# SPDX-License-Identifier: Apache-2.0
"""The host trees that other tests stand on look like the kernel's."""

from __future__ import annotations

import os
import pathlib
import tempfile

from oslotest import base

from tests import trees

MDEV = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


class TreesTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.host = trees.HostBuilder(self.root).kernel("6.12.1")
        self.host.mlx5_pf(
            "0000:81:00.0", vfs=2, vf_driver=["mlx5_vfio_pci", "mlx5_core"])
        self.host.mdev_parent("0000:00:02.0", types={"i915-GVTg_V5_4": {
            "available_instances": "2"}})
        self.host.mdev(
            MDEV, parent="0000:00:02.0", type="i915-GVTg_V5_4",
            migration=trees.Migration(
                self={"type": "i915-GVTg_V5_4"},
                compatible=[{"type": "{n:string:\"a\"}"}, {}]))
        self.host.mtty(types=("mtty-1",))

    def text(self, path: str) -> str:
        return (self.root / "sys" / path).read_text()

    def test_formats(self) -> None:
        """Numbers have the widths and prefixes of the kernel's printf."""
        vf = "bus/pci/devices/0000:81:00.2/"
        for name, expected in {
            "vendor": "0x15b3\n", "device": "0x101e\n",
            "revision": "0x00\n", "class": "0x020000\n",
            "driver_override": "mlx5_vfio_pci\n",
            "physfn/driver_override": "(null)\n",
            "physfn/sriov_vf_device": "101e\n",
            "physfn/sriov_numvfs": "2\n",
            "physfn/infiniband/mlx5_0/hca_type": "MT4129\n",
            "modalias": "pci:v000015B3d0000101Esv000015B3sd00000026"
                        "bc02sc00i00\n",
        }.items():
            self.assertEqual(expected, self.text(vf + name), name)
        self.assertEqual(
            "0x0000023ffe000000 0x0000023ffe0fffff 0x000000000014220c",
            self.text(vf + "resource").splitlines()[0])
        self.assertEqual(13, len(self.text(vf + "resource").splitlines()))

    def test_links(self) -> None:
        """Every link is relative, leads somewhere and names what it should."""
        count = 0
        for folder, folders, names in os.walk(self.root):
            for name in folders + names:
                path = pathlib.Path(folder, name)
                if path.is_symlink():
                    count += 1
                    self.assertFalse(os.path.isabs(os.readlink(path)), path)
                    self.assertTrue(path.exists(), path)
        self.assertGreater(count, 40)
        for link, name in (
            ("bus/pci/devices/0000:81:00.3/driver", "mlx5_core"),
            ("bus/pci/devices/0000:81:00.0/virtfn1", "0000:81:00.3"),
            ("bus/mdev/devices/%s/mdev_type" % MDEV, "i915-GVTg_V5_4"),
            ("class/mdev_bus/mtty/subsystem", "mtty"),
        ):
            target = os.readlink(self.root / "sys" / link)
            self.assertEqual(name, os.path.basename(target), link)

    def test_mdev(self) -> None:
        """An mdev takes one of what its type has left."""
        kind = "class/mdev_bus/0000:00:02.0/mdev_supported_types/" \
               "i915-GVTg_V5_4/"
        self.assertEqual("1\n", self.text(kind + "available_instances"))
        self.assertEqual("vfio-pci\n", self.text(kind + "device_api"))
        migration = self.host.path(MDEV) / "migration"
        self.assertEqual(["compatible0001", "compatible0002", "self"],
                         sorted(os.listdir(migration)))

    def test_rebinding(self) -> None:
        """A function is under its new driver only."""
        self.host.bind("0000:81:00.2", None)
        self.assertFalse(os.path.lexists(
            self.host.path("0000:81:00.2") / "driver"))
        self.host.bind("0000:81:00.2", "mlx5_core")
        self.assertIn("DRIVER=mlx5_core\n",
                      self.text("bus/pci/devices/0000:81:00.2/uevent"))

    def test_broken_file(self) -> None:
        """A broken file exists and fails to be read, whoever reads."""
        path = self.host.path(MDEV) / "migration/self/type"
        self.host.break_file(path)
        self.assertTrue(os.path.lexists(path))
        self.assertRaises(OSError, path.read_text)
