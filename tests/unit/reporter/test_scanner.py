# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pathlib
import shutil
import tempfile

from oslo_config import cfg
from oslotest import base

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree
from nova_vfio_compat.placement import report
from nova_vfio_compat.reporter import scanner
from tests import trees


class ScannerTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "host"
        self.host = trees.HostBuilder(self.root).kernel()
        self.host.mlx5_pf("0000:81:00.0", vfs=1).mtty(["mtty-1"])
        file = pathlib.Path(folder.name) / "nova.conf"
        file.write_text(
            '[pci]\ndevice_spec = {"vendor_id": "15b3"}\n'
            "[devices]\nenabled_mdev_types = mtty-1\n"
            "[mdev_mtty-1]\ndevice_addresses = mtty_mtty\n"
        )
        self.conf = cfg.ConfigOpts()
        conf_.load(self.conf, [], "test", [str(file)])

    def report(self) -> report.Report:
        return scanner.report(self.conf, tree.HostTree(self.root))

    def test_a_list_that_cannot_be_read(self) -> None:
        """While other devices are seen the last report stays all the same."""
        self.assertEqual(2, len(self.report().devices))
        for path in (
            "sys/bus/pci/devices", "sys/bus/mdev/devices",
            "sys/class/mdev_bus",
        ):
            place = self.root / path
            kept = place.with_name("kept")
            if place.exists():
                place.rename(kept)
            self.host.break_file(path)
            error = self.assertRaises(errors.HostError, self.report)
            self.assertNotIsInstance(error, errors.NotAHostTree)
            self.assertIn(path, str(error))
            place.unlink()
            if kept.exists():
                kept.rename(place)
        self.assertEqual(2, len(self.report().devices))

    def test_a_list_that_is_absent(self) -> None:
        """A kernel without mdev or PCI has no such directory."""
        shutil.rmtree(self.root / "sys/bus/pci")
        self.assertEqual(1, len(self.report().devices))

    def test_a_part_of_sysfs(self) -> None:
        """Without sys/bus it is no host, whatever else there is."""
        shutil.rmtree(self.root / "sys/bus")
        error = self.assertRaises(errors.NotAHostTree, self.report)
        self.assertIn("sys/bus", str(error))
