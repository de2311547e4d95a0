# SPDX-License-Identifier: Apache-2.0

"""The unit file for systemd."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from oslotest import base

UNIT = (
    pathlib.Path(__file__).resolve().parents[3]
    / "etc/systemd/nova-vfio-compat-reporter.service"
)
_ANALYZE = shutil.which("systemd-analyze")
#: exposure, 0 to 100, that the unit may have
_EXPOSURE = 15


def settings() -> dict[str, list[str]]:
    """Every setting, with the words that it is set to."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).extend(value.split())
    return found


class UnitTestCase(base.BaseTestCase):
    def test_what_the_service_relies_on(self) -> None:
        """It tells when it is ready, before nova-compute, and is watched."""
        unit = settings()
        self.assertEqual(["notify"], unit["Type"])
        self.assertIn("nova-compute.service", unit["Before"])
        self.assertIn("openstack-nova-compute.service", unit["Before"])
        self.assertEqual(["on-failure"], unit["Restart"])
        # Of wrong configuration.
        self.assertEqual(["2"], unit["RestartPreventExitStatus"])
        self.assertGreater(int(unit["WatchdogSec"][0]), 60)
        self.assertIn("-HUP", unit["ExecReload"])
        # It must not be what nova-compute cannot start without.
        for name in ("RequiredBy", "BindsTo", "PartOf"):
            self.assertNotIn(name, unit)

    def test_what_it_needs_is_allowed(self) -> None:
        """udev's socket, systemd's and the log's, and Placement's."""
        unit = settings()
        self.assertEqual(
            {"AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6"},
            set(unit["RestrictAddressFamilies"]),
        )
        # /proc/sys/kernel is read, uevents do not come to a user namespace.
        for name in ("ProcSubset", "PrivateUsers", "PrivateNetwork"):
            self.assertNotIn(name, unit)
        self.assertEqual([], unit["CapabilityBoundingSet"])

    @unittest.skipUnless(_ANALYZE, "there is no systemd-analyze")
    def test_what_systemd_says(self) -> None:
        """It understands every line, and finds little exposed."""
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, UNIT.name)
            copy.write_text(UNIT.read_text().replace(
                "/usr/bin/nova-vfio-compat-reporter", "/bin/true"
            ))
            verified = self._analyze("verify", str(copy))
            self.assertEqual((0, ""), verified)
            code, text = self._analyze(
                "security", "--offline=true", f"--threshold={_EXPOSURE}",
                str(copy),
            )
        if "Unknown option" in text or "unrecognized option" in text:
            self.skipTest("this systemd-analyze needs a running systemd")
        self.assertEqual(0, code, text)

    def _analyze(self, *args: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(_ANALYZE), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout
