# SPDX-License-Identifier: Apache-2.0
"""Intel GPUs as drivers/gpu/drm/xe/xe_sriov_pf_sysfs.c shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_VENDOR = 0x8086
#: Battlemage, with VRAM, and Panther Lake, without
BMG = 0xe211
PTL = 0xb080


def add_pf(host: builder.HostBuilder, address: str, *, device: int = BMG,
           revision: int = 0, quotas: Sequence[int | str] | None = None,
           drivers: Sequence[str | None] = ("xe-vfio-pci",),
           bound: str | None = "xe", offset: int = 1) -> None:
    """Add a GPU and its VFs; they have the PF's device id.

    :param quotas: VRAM in bytes of each VF; None: the kernel does not say
    :param drivers: one for each VF
    """
    gpu = functions.Function(
        _VENDOR, device, revision, 0x030000, subsystem_vendor=0x8086,
        subsystem_device=0x1114,
        bars={0: functions.Bar(0x1000000), 2: functions.Bar(0x400000000)})
    vf = functions.Function(
        _VENDOR, device, revision, 0x030000, subsystem_vendor=0x8086,
        subsystem_device=0x1114,
        bars={0: functions.Bar(0x1000000), 2: functions.Bar(0x80000000)})
    host.sriov(address, gpu, vf, drivers, bound, offset=offset)
    admin = host.path(address) / "sriov_admin"
    for index in range(len(drivers)):
        folder = admin / f"vf{index + 1}"
        profile = folder / "profile"
        files.write(profile / "exec_quantum_ms", "0", 0o644)
        files.write(profile / "preempt_timeout_us", "0", 0o644)
        files.write(profile / "sched_priority", "[low] normal")
        if quotas is not None:
            files.write(profile / "vram_quota", str(quotas[index]), 0o644)
        files.link(folder / "device", host.path(
            functions.offset_address(address, offset + index)))
