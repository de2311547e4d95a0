# SPDX-License-Identifier: Apache-2.0

"""destinations and plan as commands, on a real Placement.

That destinations agrees with the scheduler is tested on a real Nova, in
tests/functional/nova/test_destinations.py.
"""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

from tests import trees
from tests.functional.placement import test_matrix
from tests.unit.placement import samples

SERVER = "11111111-2222-4333-8444-555555555555"
OLD, NEW = samples.vgpu("2.1.0"), samples.vgpu("2.2.0")


class _Refuses(http.server.BaseHTTPRequestHandler):
    """Whoever asks has no role there."""

    def do_GET(self) -> None:
        body = json.dumps({"forbidden": {"message": "no\nrole"}}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class DestinationsTestCase(test_matrix.FleetTestCase):
    def test_no_such_server(self) -> None:
        """That is a sentence, and no table."""
        self.assertEqual(1, self.run_command("destinations", SERVER))
        self.assertIn(f"no server {SERVER}", self.stderr)
        self.assertEqual("", self.stdout)

    def test_refused(self) -> None:
        """Which role is missing is told in one line."""
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), _Refuses
        )
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.conf.write_text(
            "[placement]\nauth_type = admin_token\ntoken = x\n"
            f"endpoint = http://127.0.0.1:{server.server_port}\n"
        )
        self.assertEqual(1, self.run_command("destinations", SERVER))
        self.assertEqual(1, self.stderr.count("\n"))
        self.assertIn("role", self.stderr)


class PlanTestCase(test_matrix.FleetTestCase):
    def test_changes(self) -> None:
        """What one attribute does to half of a fleet."""
        for number in range(1, 5):
            self.host(number, pci_0000_81_00_0=samples.nic("28.41.1000"))
        rows = self.rows(
            "plan", "--host", "cmp[12].*",
            "--set", "mlx5:firmware=28.43.1000", code=1,
        )
        self.assertIn("2 of 4 hosts change", self.stderr)
        self.assertEqual(
            {"impossible"}, {row["Effect"] for row in rows}
        )
        self.assertEqual(
            {"during", "after"}, {row["When"] for row in rows}
        )
        self.assertIn(samples.nic("28.43.1000").id, {
            row["Source"] for row in rows
        })

    def test_order(self) -> None:
        """Steps that hold, or what stops the hosts that are left."""
        for number in range(1, 5):
            self.host(number, mtty_mtty=OLD)
        arguments = ("plan", "--order", "--set")
        (row,) = self.rows(
            *arguments, "migration:software_version=2.2.0"
        )
        self.assertEqual((1, 4), (row["Step"], row["Count"]))
        self.assertEqual(
            [f"cmp{number}.example.org" for number in range(1, 5)],
            row["Hosts"],
        )
        *_, last = self.rows(
            *arguments, "migration:software_version=3.0.0", code=1
        )
        self.assertIn("without a host to go to", last["Note"])
        self.assertIn("there is no order", self.stderr)

    def test_like_a_snapshot(self) -> None:
        """Hosts become like one whose files are at hand."""
        root = self.folder / "upgraded"
        trees.HostBuilder(root).kernel().mlx5_pf(
            "0000:81:00.0", firmware="28.45.1000", vfs=2
        )
        self.host(1, pci_0000_81_00_0=samples.nic())
        self.host(2, pci_0000_81_00_0=samples.nic())
        rows = self.rows("plan", "--like", str(root), code=1)
        self.assertIn("28.45.1000", "".join(row["Reasons"] for row in rows))

    def test_wrong_usage(self) -> None:
        """Nothing to change, or not said what, is exit code 2."""
        self.host(1, mtty_mtty=OLD)
        for arguments, words in (
            (("--set", "firmware=1"), "FAMILY:ATTRIBUTE=VALUE"),
            (("--set", "mlx5:firmware=1"), "nothing changes"),
            (("--host", "x", "--set", "migration:type=a"), "0 of 1"),
            (("--like", str(self.folder / "none")), "none"),
        ):
            self.assertEqual(2, self.run_command("plan", *arguments))
            self.assertIn(words, self.stderr)
