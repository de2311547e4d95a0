# SPDX-License-Identifier: Apache-2.0
"""The real nova-scheduler, started from a nova.conf with our lines."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys
import time

import fixtures
from nova import monkey_patch
from oslotest import base
import testtools

_BIN = pathlib.Path(sys.executable).parent
_DEADLINE = 120.0
_CONF = """
[DEFAULT]
transport_url = fake://
state_path = {home}
host = control
use_stderr = true
[api_database]
connection = sqlite:///{home}/api.sqlite
[database]
connection = sqlite:///{home}/cell.sqlite
[placement]
auth_type = admin_token
endpoint = http://127.0.0.1:1/
token = admin
[scheduler]
workers = 2
[filter_scheduler]
available_filters = {available}
enabled_filters = ComputeFilter,{enabled}
[vfio_compat]
mode = {mode}
unknown = {unknown}
relax = {relax}
"""
_USUAL = {
    "available": "nova_vfio_compat.scheduler.all_filters",
    "enabled": "VfioCompatFilter",
    "mode": "audit",
    "unknown": "accept",
    "relax": "",
}


class TestProcess(base.BaseTestCase):
    """Two workers, no message bus, databases that are empty."""

    def setUp(self) -> None:
        """Find a place for the scheduler's files."""
        super().setUp()
        self.home = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.conf = self.home / "nova.conf"
        self.log = self.home / "log"
        self.configure()
        self.run_manage("api_db", "sync")
        self.run_manage(
            "cell_v2", "map_cell0", "--database_connection",
            "sqlite:///%s/cell0.sqlite" % self.home)
        self.run_manage("db", "sync")

    def configure(self, **differs: str) -> None:
        """Write nova.conf."""
        self.conf.write_text(
            _CONF.format(home=self.home, **{**_USUAL, **differs}))

    def run_manage(self, *args: str) -> None:
        """Run nova-manage."""
        subprocess.run(
            [_BIN / "nova-manage", "--config-file", self.conf, *args],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def start(self) -> subprocess.Popen[bytes]:
        """Start nova-scheduler; what it says goes to the log."""
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [_BIN / "nova-scheduler", "--config-file", self.conf],
                stdout=log, stderr=log, cwd=self.home)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def said(self) -> str:
        """Return the log."""
        return self.log.read_text(errors="replace")

    def wait_for(self, process: subprocess.Popen[bytes], text: str,
                 times: int = 1) -> None:
        """Wait until the log has a text so many times."""
        end = time.monotonic() + _DEADLINE
        while self.said().count(text) < times:
            if process.poll() is not None or time.monotonic() > end:
                self.fail("no %r in: %s" % (text, self.said()[-3000:]))
            time.sleep(0.05)

    @testtools.skipIf(
        monkey_patch.is_patched() if hasattr(monkey_patch, "is_patched")
        else True,
        "on eventlet a worker without a message bus does not end its restart")
    def test_sighup(self) -> None:
        """SIGHUP changes the policies of a running scheduler's workers."""
        self.configure()
        process = self.start()
        started = "Starting scheduler node"
        self.wait_for(process, started, 2)
        self.configure(
            mode="enforce", unknown="reject", relax="mlx5:firmware")
        process.send_signal(signal.SIGHUP)
        for option, change in (
                ("mode", "[audit] to [enforce]"),
                ("unknown", "[accept] to [reject]"),
                ("relax", "[] to [mlx5:firmware]")):
            self.wait_for(process, "Option vfio_compat.%s changed from %s"
                          % (option, change))
        # Both workers go on with it, as new processes where Nova runs them
        # on native threads.
        self.wait_for(process, started, 4)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(timeout=_DEADLINE))

    def test_typing_errors(self) -> None:
        """A mistyped line ends the scheduler with a line that names it."""
        for mistake, expected in (
                ({"enabled": "VfioCompatFilterr"},
                 "Filter VfioCompatFilterr could not be found"),
                ({"mode": "enforced"},
                 "Valid values are [enforce, audit, off], but found"),
                ({"relax": "firmware"}, "relax")):
            with self.subTest(mistake):
                self.configure(**mistake)
                process = self.start()
                self.assertNotEqual(0, process.wait(timeout=_DEADLINE))
                self.assertIn(expected, self.said())
