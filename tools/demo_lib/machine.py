# SPDX-License-Identifier: Apache-2.0
"""Scan the machine that the demo runs on."""

from __future__ import annotations

import json

from demo_lib import commands
from demo_lib import errors
from demo_lib import output

_SHOWN = 8
_COLUMNS = ("Device", "Kind", "Driver", "Migratable", "Reason")


def scan() -> None:
    """Say which devices of this machine could move with an instance."""
    output.line("$ nova-vfio-compat device list")
    done = commands.run(commands.COMMAND, "device", "list", "-f", "json")
    if done.returncode:
        raise errors.DemoError(
            "device list ended with status %d: %s"
            % (done.returncode, done.stderr.strip().splitlines()[-1:])
        )
    rows = json.loads(done.stdout)
    if not rows:
        output.prose(
            "Nothing: this machine has no VFIO device, no virtual function"
            " and no mediated device. (That is usual for a VM, a container"
            " or a laptop. The fleet below is made of files.)"
        )
        return
    output.table(_COLUMNS, [
        [str(row[column] or "-") for column in _COLUMNS]
        for row in rows[:_SHOWN]
    ])
    if len(rows) > _SHOWN:
        output.line("... and %d more" % (len(rows) - _SHOWN))
