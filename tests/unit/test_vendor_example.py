# SPDX-License-Identifier: Apache-2.0

"""The worked example of the vendor guide works."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from oslotest import base

EXAMPLE = (
    pathlib.Path(__file__).parents[2]
    / "doc/source/contributor/vendor-example"
)
_COMMAND = (
    "import sys; from nova_vfio_compat.cli import main; "
    "sys.exit(main.main(sys.argv[1:]))"
)


class VendorExampleTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # A build leaves files beside the sources.
        self.example = self.folder / "example"
        shutil.copytree(EXAMPLE, self.example)

    def run_python(self, *arguments: str) -> str:
        """Run Python where the example is installed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.example,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder / "site"),
                # stevedore remembers entry points.
                "XDG_CACHE_HOME": str(self.folder / "cache"),
            },
            capture_output=True,
            text=True,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def install(self) -> None:
        """Build and install the example, without network."""
        self.run_python(
            "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
            "--no-build-isolation", "--disable-pip-version-check",
            "--target", str(self.folder / "site"), ".",
        )
        # Only what was installed may be found.
        shutil.rmtree(self.example / "build", ignore_errors=True)
        (self.example / "acme_vfio_compat.py").unlink()

    def listed(self, root: pathlib.Path) -> dict[str, str]:
        """Return the row of the VF."""
        rows: list[dict[str, str]] = json.loads(self.run_python(
            "-c", _COMMAND, "device", "list", "--root", str(root),
            "-f", "json",
        ))
        (vf,) = (row for row in rows if row["Kind"] == "vf")
        return vf

    def test_example(self) -> None:
        """It builds, passes its tests, and describes its devices."""
        root = self.folder / "host"
        self.run_python(
            "-c",
            "import pathlib, sys, test_acme_vfio_compat as example; "
            "example.write_host(pathlib.Path(sys.argv[1]))",
            str(root),
        )
        self.assertEqual("inferred", self.listed(root)["Evidence"])
        self.install()
        self.run_python("-m", "unittest", "-q", "test_acme_vfio_compat")
        vf = self.listed(root)
        self.assertEqual(
            ("pci_0000_81_00_1", "acme_vfio_pci", "yes", "rule", ""),
            tuple(
                vf[name] for name in (
                    "Device", "Driver", "Migratable", "Evidence", "Reason"
                )
            ),
        )
        shown = self.run_python(
            "-c", _COMMAND, "device", "show", vf["Device"],
            "--root", str(root),
        )
        for word in ("acme", "same major", "zstd", vf["Class"]):
            self.assertIn(word, shown)
