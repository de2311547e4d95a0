# SPDX-License-Identifier: Apache-2.0

"""What ``device list`` prints of a family, compared with golden files."""

from __future__ import annotations

import contextlib
import io
import pathlib
import unittest
import warnings

from nova_vfio_compat.cli import main
from tests import golden


def check(test: unittest.TestCase, root: pathlib.Path, family: str) -> None:
    """Compare the table and the JSON with ``<family>.table`` and such."""
    for name, form in (("table", "table"), ("list.json", "json")):
        out = io.StringIO()
        with (
            # Of a library that is imported now, and none of ours.
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(out),
        ):
            code = main.main([
                "device", "list", "--root", str(root), "-f", form,
            ])
        test.assertEqual(0, code)
        golden.check(test, f"{family}.{name}", out.getvalue())
