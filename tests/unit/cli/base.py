# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import tempfile
import warnings

from oslotest import base

from nova_vfio_compat.cli import main
from tests import trees


class CommandTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def host(self, name: str) -> trees.HostBuilder:
        return trees.HostBuilder(self.folder / name).kernel()

    def run_command(self, *argv: str) -> int:
        """Run a command; its output is in ``stdout`` and ``stderr``."""
        out, err = io.StringIO(), io.StringIO()
        # A warning of a library that is imported now is none of ours.
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = main.main(argv)
            except SystemExit as error:
                code = int(error.code or 0)
        self.stdout, self.stderr = out.getvalue(), err.getvalue()
        return code

    def rows(self, *argv: str, code: int = 0) -> list[dict[str, str]]:
        """Run a command and return what it prints as JSON."""
        self.assertEqual(code, self.run_command(*argv, "-f", "json"))
        found: list[dict[str, str]] = json.loads(self.stdout)
        return found
