# SPDX-License-Identifier: Apache-2.0
"""Run this package's own commands as processes."""

from __future__ import annotations

import pathlib
import subprocess
import sys

REPORTER = "nova-vfio-compat-reporter"
COMMAND = "nova-vfio-compat"
TIMEOUT = 60


def path(name: str) -> str:
    """The path of a command in the environment that the demo runs in."""
    return str(pathlib.Path(sys.executable).parent / name)


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it writes."""
    return subprocess.run(
        [path(name), *arguments], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False,
    )
