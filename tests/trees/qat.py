# SPDX-License-Identifier: Apache-2.0
"""Intel QuickAssist devices as drivers/crypto/intel/qat shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_VENDOR = 0x8086
#: PF id, VF id and PF driver
_KINDS = {
    "4xxx": (0x4940, 0x4941, "4xxx"),
    "401xx": (0x4942, 0x4943, "4xxx"),
    "402xx": (0x4944, 0x4945, "4xxx"),
    "420xx": (0x4946, 0x4947, "420xx"),
    "6xxx": (0x4948, 0x4949, "6xxx"),
}


def add_pf(host: builder.HostBuilder, address: str, *, kind: str = "4xxx",
           services: str | None = "sym;asym", revision: int = 0x40,
           drivers: Sequence[str | None] = ("qat_vfio_pci",),
           bound: str | None = "") -> None:
    """Add a device and its VFs.

    :param services: ``qat/cfg_services``; None: there is no such file
    :param drivers: one for each VF
    :param bound: the PF's driver, if it is not its own
    """
    pf_id, vf_id, driver = _KINDS[kind]
    pf = functions.Function(
        _VENDOR, pf_id, revision, 0x0b4000, subsystem_vendor=0x8086,
        bars={0: functions.Bar(0x40000), 2: functions.Bar(0x400000)})
    vf = functions.Function(
        _VENDOR, vf_id, revision, 0x0b4000, subsystem_vendor=0x8086,
        bars={0: functions.Bar(0x2000), 2: functions.Bar(0x1000)})
    host.sriov(address, pf, vf, drivers, driver if bound == "" else bound,
               offset=1)
    path = host.path(address) / "qat"
    files.write(path / "state", "up", 0o644)
    if services is not None:
        files.write(path / "cfg_services", services, 0o644)
    files.write(path / "pm_idle_enabled", "1", 0o644)
    files.write(path / "num_rps", "64")
