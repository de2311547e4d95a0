# SPDX-License-Identifier: Apache-2.0

"""What the tests of commands in this process share."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import pathlib
import tempfile

from nova_vfio_compat.cli import main
from nova_vfio_compat.cli import status
from nova_vfio_compat.placement import provider
from tests.functional import placement_server
from tests.functional.placement import base
from tests.unit.placement import samples

NIC = samples.report_with(pci_0000_81_00_0=samples.nic())


class CommandTestCase(base.PlacementTestCase):
    """A nova.conf for the real Placement; commands run in this process."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.conf = self.folder / "nova.conf"
        self.today = datetime.datetime.now(datetime.UTC).date()
        self.write_conf()

    def write_conf(
        self, url: str = "", token: str = placement_server.TOKEN
    ) -> None:
        self.conf.write_text(
            "[placement]\nauth_type = admin_token\n"
            f"endpoint = {url or self.server.url}\ntoken = {token}\n"
            "[vfio_compat]\ncompute_node = cmp1.example.org\n"
            f"host_root = {self.folder}\n"
        )

    def run_command(self, *argv: str) -> int:
        """Run nova-vfio-compat, or its status; output in stdout, stderr."""
        out, err = io.StringIO(), io.StringIO()
        conf = ("--config-file", str(self.conf))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            if argv[0] == "upgrade":
                code = status.main([*conf, *argv])
            else:
                code = main.main([*argv, *conf, "-f", "json"])
        self.stdout, self.stderr = out.getvalue(), err.getvalue()
        return code

    def rows(self, *argv: str, code: int = 0) -> list[tuple[str, str, str]]:
        """Action, kind and name of each row that a command prints."""
        self.assertEqual(code, self.run_command(*argv), self.stderr)
        return [
            (row["Action"], row["Kind"], row["Name"])
            for row in json.loads(self.stdout)
        ]

    def traits_of(self, number: int) -> set[str]:
        return self.server.traits_of(
            provider.report_provider_uuid(self.node(number).uuid)
        )
