# SPDX-License-Identifier: Apache-2.0
"""AMD Pensando cards as drivers/net/ethernet/amd/pds_core shows them."""

from __future__ import annotations

from collections.abc import Sequence
import json

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_VENDOR = 0x1dd8


def add_pf(host: builder.HostBuilder, address: str, *, device: int = 0x100c,
           revision: int = 0, firmware: str | None = "1.75.0-C-8",
           asic: str = "0x3", asic_revision: str = "0x0",
           drivers: Sequence[str | None] = ("pds_vfio_pci",),
           bound: str | None = "pds_core") -> None:
    """Add a card and its VFs.

    :param firmware: what devlink tells of it; None: devlink tells nothing
    :param drivers: one for each VF
    """
    pf = functions.Function(
        _VENDOR, device, revision, 0x120000, subsystem_vendor=0x1dd8,
        subsystem_device=0x5001,
        bars={0: functions.Bar(0x10000), 2: functions.Bar(0x8000000)})
    vf = functions.Function(
        _VENDOR, 0x1003, revision, 0x020000, subsystem_vendor=0x1dd8,
        subsystem_device=0x5001,
        bars={0: functions.Bar(0x8000), 2: functions.Bar(0x2000)})
    host.sriov(address, pf, vf, drivers, bound, offset=1)
    if firmware is not None:
        files.write(host.root / "facts/devlink/pci" / address, json.dumps({
            "driver": "pds_core",
            "versions": {
                "fixed": {"asic.id": asic, "asic.rev": asic_revision},
                "running": {"fw": firmware},
                "stored": {},
            },
        }))
