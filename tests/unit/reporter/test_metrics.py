# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import Counter
import pathlib
import resource
import signal
import tempfile

from oslotest import base

from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from nova_vfio_compat.reporter import metrics
from tests import trees


class MetricsTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "reporter.prom"
        self.file = metrics.File(str(self.path))

    def test_devices_are_counted_by_verdict(self) -> None:
        """Of a host with VFs that can migrate and some that cannot."""
        host = trees.HostBuilder(self.folder / "host").kernel()
        host.mlx5_pf(
            "0000:81:00.0", vfs=3,
            vf_driver=["mlx5_vfio_pci", "mlx5_vfio_pci", "vfio-pci"],
        )
        found = scan.scan(tree.HostTree(self.folder / "host"))

        counted = metrics.count(found.devices)

        self.assertEqual(3, sum(counted.values()))
        self.assertEqual(1, counted["no", "plain_vfio_pci"])

    def test_the_file(self) -> None:
        """Every figure is there, in the exposition format."""
        self.file.write(metrics.Figures(
            published=1e9, healthy=True, publishes=2, conflicts=3,
            failures=4, scans=5, scan_seconds=0.25,
            devices=Counter({("no", "plain_vfio_pci"): 7}),
        ))

        lines = {
            line.removeprefix("nova_vfio_compat_reporter_")
            for line in self.path.read_text().splitlines()
            if not line.startswith("#")
        }
        self.assertLessEqual(
            {
                "last_publish_timestamp_seconds 1e+09", "healthy 1.0",
                "publishes_total 2.0", "conflicts_total 3.0",
                "failures_total 4.0", "scans_total 5.0",
                "scan_seconds 0.25",
                'devices{reason="plain_vfio_pci",verdict="no"} 7.0',
            },
            lines,
        )

    def test_a_disk_that_is_full(self) -> None:
        """The old file stays whole; one line in the log, and it goes on."""
        self.file.write(metrics.Figures())
        before = self.path.read_text()
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, handler)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        with self.assertLogs("nova_vfio_compat.reporter") as logs:
            # The kernel stops the write in the middle, as a full disk does.
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            try:
                for number in range(3):
                    self.file.write(metrics.Figures(scans=number))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            self.assertEqual(before, self.path.read_text())
            self.file.write(metrics.Figures(scans=9))

        self.assertIn("scans_total 9.0", self.path.read_text())
        self.assertEqual(
            ["WARNING", "INFO"],
            [record.levelname for record in logs.records],
        )
        self.assertEqual([self.path], list(self.folder.iterdir()))

    def test_no_directory(self) -> None:
        """It is named, with the option."""
        with self.assertLogs("nova_vfio_compat.reporter") as logs:
            metrics.File("/nonexistent/x.prom").write(metrics.Figures())

        self.assertIn("/nonexistent/x.prom", logs.output[0])
        self.assertIn("metrics_file", logs.output[0])

    def test_none_is_wanted(self) -> None:
        """Without the option nothing is written."""
        metrics.File(None).write(metrics.Figures())
