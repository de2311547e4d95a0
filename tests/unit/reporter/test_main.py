# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ast
import contextlib
import io
import pathlib

from oslotest import base

from nova_vfio_compat.reporter import main


class MainTestCase(base.BaseTestCase):
    def test_an_old_python_gets_one_sentence(self) -> None:
        """A Python that is too old ends with exit code 2 and the reason."""
        self.patch(main, "NEEDED_PYTHON", (99, 0))
        stderr = io.StringIO()

        with contextlib.redirect_stderr(stderr):
            self.assertEqual(2, main.main(["--once"]))

        self.assertEqual(1, stderr.getvalue().count("\n"))
        self.assertIn("is needed", stderr.getvalue())

    def test_an_old_python_can_read_it(self) -> None:
        """The module that checks the version has no newer syntax."""
        text = pathlib.Path(main.__file__).read_text()

        ast.parse(text, feature_version=(3, 8))

    def test_help_says_how_it_is_used(self) -> None:
        """--help ends with 0 and has every option of the command."""
        stdout = io.StringIO()

        with contextlib.redirect_stdout(stdout):
            error = self.assertRaises(SystemExit, main.main, ["--help"])

        self.assertEqual(0, error.code)
        for option in ("--once", "--dry-run", "--root", "--config-file"):
            self.assertIn(option, stdout.getvalue())

    def test_an_unknown_option_is_wrong_usage(self) -> None:
        """A mistyped option ends with exit code 2."""
        stderr = io.StringIO()

        with contextlib.redirect_stderr(stderr):
            error = self.assertRaises(SystemExit, main.main, ["--onec-x"])

        self.assertEqual(2, error.code)
