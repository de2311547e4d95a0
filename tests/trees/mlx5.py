# SPDX-License-Identifier: Apache-2.0
"""ConnectX functions as drivers/infiniband/hw/mlx5/main.c shows them."""

from __future__ import annotations

import pathlib

from tests.trees import files
from tests.trees import functions

VF_BAR = functions.Bar(0x100000)
_VENDOR = 0x15b3


def pf(device: int, revision: int) -> functions.Function:
    """Return a physical function; 0x1021 is ConnectX-7."""
    return functions.Function(
        _VENDOR, device, revision, 0x020000, subsystem_device=0x0026,
        bars={0: functions.Bar(0x2000000)})


def vf(revision: int, bar: functions.Bar) -> functions.Function:
    """Return a virtual function: 0x101e in every generation."""
    return functions.Function(
        _VENDOR, 0x101e, revision, 0x020000, subsystem_device=0x0026,
        bars={0: bar})


def write_infiniband(sysfs: pathlib.Path, function: pathlib.Path, name: str,
                     device: int, firmware: str | None,
                     psid: str | None) -> None:
    """Write ``infiniband/mlx5_N``; None leaves a file out."""
    path = function / "infiniband" / name
    for attribute, value in {
        "fw_ver": firmware,
        "board_id": psid,
        "hca_type": "MT%d" % device,
        "hw_rev": "0",
        "node_type": "1: CA",
    }.items():
        if value is not None:
            files.write(path / attribute, value)
    files.link(path / "device", function)
    files.link(sysfs / "class/infiniband" / name, path)
