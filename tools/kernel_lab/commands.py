# SPDX-License-Identifier: Apache-2.0
"""Run other programs."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import subprocess

from kernel_lab import errors

_TAIL = 20


def run(
    command: Sequence[str | pathlib.Path],
    what: str,
    environment: Mapping[str, str] | None = None,
    cwd: pathlib.Path | None = None,
) -> str:
    """Run a command and return its standard output.

    :param what: what it is for, for the error
    :raises LabError: it failed, with the end of what it said
    """
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True,
            env={**os.environ, **(environment or {})}, cwd=cwd,
            stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise errors.LabError(f"{what}: {error}") from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-_TAIL:]
        raise errors.LabError("\n".join([
            f"{what}: exit status {done.returncode} of {command[0]}", *said]))
    return done.stdout
