# SPDX-License-Identifier: Apache-2.0
"""virtio devices made in hardware as drivers/virtio/virtio.c shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_VENDOR = 0x1af4
_ADMIN_QUEUE = 41
#: VIRTIO_NET_F_MAC, VIRTIO_F_VERSION_1, VIRTIO_F_SR_IOV
_USUAL = (5, 32, 37)


def features(*bits: int) -> str:
    """Return the text of ``features``: a digit for each."""
    return "".join("1" if bit in bits else "0" for bit in range(64))


def add_pf(host: builder.HostBuilder, address: str, *,
           device: int = 0x1041, revision: int = 1,
           subsystem: tuple[int, int] = (0x15b3, 0x6001),
           admin_queue: bool | None = True,
           drivers: Sequence[str | None] = ("virtio_vfio_pci",),
           bound: str | None = "virtio-pci") -> None:
    """Add a network (0x1041) or block (0x1042) device and its VFs.

    :param subsystem: vendor and device, which tell who made it
    :param admin_queue: whether it has one; None: the PF's virtio device
        cannot be seen
    :param drivers: one for each VF
    """
    code = 0x020000 if device == 0x1041 else 0x010000
    function = functions.Function(
        _VENDOR, device, revision, code, subsystem_vendor=subsystem[0],
        subsystem_device=subsystem[1],
        bars={0: functions.Bar(0x2000), 2: functions.Bar(0x1000)})
    host.sriov(address, function, function, drivers, bound, offset=1)
    if admin_queue is not None:
        bits = (*_USUAL, _ADMIN_QUEUE) if admin_queue else _USUAL
        virtio = host.path(address) / "virtio0"
        files.write(virtio / "features", features(*bits))
        files.write(virtio / "device", "0x%04x" % (device - 0x1040))
        files.write(virtio / "vendor", "0x%04x" % _VENDOR)
        files.write(virtio / "status", "0x0000000f")
        files.link(host.sys / "bus/virtio/devices/virtio0", virtio)
