# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GPUs with vGPUs, as mdevs and on VFs.

The A2 is that of a public dump of a real host: the parents of its mdevs are
16 VFs, whose subsystem_device is 0x0000 where the PF has 0x157e
(https://github.com/harvester/pcidevices, tests/snapshots/
vgpu-node.umockdev). The directory ``nvidia/`` of a VF is that of hosts
without mdevs, with the header line that some releases print.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import re

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_GPU_BARS = {
    0: functions.Bar(0x1000000, "mem32"),
    1: functions.Bar(0x400000000),
    3: functions.Bar(0x2000000),
}
_VF_BARS = {
    0: functions.Bar(0x40000, "mem64"),
    2: functions.Bar(0x40000000),
    4: functions.Bar(0x2000000),
}


def gpu(device: int, subsystem_device: int, *, subsystem_vendor: int = 0x10de,
        class_code: int = 0x030200) -> functions.Function:
    """Return a GPU's physical function."""
    return functions.Function(
        0x10de, device, 0xa1, class_code, subsystem_vendor,
        subsystem_device, _GPU_BARS)


A2 = gpu(0x25b6, 0x157e)
A40 = gpu(0x2235, 0x145a)
T4 = gpu(0x1eb8, 0x12a2)
L40S = gpu(0x26b9, 0x1851)

#: Types of an A2, all of which each of its VFs shows.
A2_TYPES = tuple("nvidia-%d" % number for number in (
    742, 743, 744, 745, 746, 747, 748, 751, 754))
#: Number to name and framebuffer in GB.
L40S_TYPES: Mapping[int, tuple[str, int]] = {
    1145: ("NVIDIA L40S-1B", 1), 1146: ("NVIDIA L40S-2B", 2),
    1147: ("NVIDIA L40S-1Q", 1), 1148: ("NVIDIA L40S-2Q", 2),
    1150: ("NVIDIA L40S-4Q", 4), 1152: ("NVIDIA L40S-8Q", 8),
    1153: ("NVIDIA L40S-12Q", 12), 1155: ("NVIDIA L40S-24Q", 24),
    1156: ("NVIDIA L40S-48Q", 48), 2164: ("NVIDIA L40S-3B", 3),
}
_L40S_FRAMEBUFFER = 48
_HEADER = "ID    : vGPU Name\n"


def add_manager(host: builder.HostBuilder, version: str = "550.90.05") -> None:
    """Load the vGPU manager's modules."""
    host.module("nvidia", version)
    host.module("nvidia_vgpu_vfio", version)


def add_pf_with_mdevs(
        host: builder.HostBuilder, address: str, function: functions.Function,
        types: Iterable[str], version: str | None = "550.90.05") -> None:
    """Add a GPU that is itself the parent of its mdevs: T4, older A40."""
    host.mdev_parent(
        address, driver="nvidia", function=function,
        types={name: {} for name in types})
    if version is not None:
        add_manager(host, version)


def add_a2(host: builder.HostBuilder, address: str = "0000:08:00.0",
           mdevs: Mapping[int, tuple[str, str]] | None = None,
           version: str = "550.90.05", vfs: int = 16) -> list[str]:
    """Add an A2 whose VFs are parents of mdevs; return their addresses.

    :param mdevs: number of a VF to the uuid and type of its mdev
    """
    _sriov(host, address, A2, vfs)
    add_manager(host, version)
    found = []
    for index in range(vfs):
        vf = functions.offset_address(address, 4 + index)
        found.append(vf)
        # A VF has one vGPU at most.
        host.mdev_parent(
            vf, driver="nvidia", types={
                name: {"available_instances": "1"} for name in A2_TYPES})
        if mdevs and index in mdevs:
            uuid, type_id = mdevs[index]
            host.mdev(uuid, parent=vf, type=type_id)
            home = host.path(uuid) / "nvidia"
            files.write(home / "vgpu_params", "", 0o644)
            files.write(home / "vm_name", "")
            for name in A2_TYPES:
                files.write(
                    host.path(vf) / "mdev_supported_types" / name
                    / "available_instances", "0")
    return found


def add_vfs(host: builder.HostBuilder, address: str = "0000:41:00.0", *,
            function: functions.Function = L40S, vfs: int = 32,
            types: Mapping[int, int] | None = None, header: bool = True,
            version: str = "570.124.03") -> list[str]:
    """Add an L40S whose VFs are handed out; return their addresses.

    :param types: number of a VF to the number of its vGPU's type
    :param header: whether the driver prints one over its lists
    """
    _sriov(host, address, function, vfs)
    add_manager(host, version)
    found = [
        functions.offset_address(address, 4 + index) for index in range(vfs)]
    for vf in found:
        path = host.path(vf)
        home = path / "vfio-dev" / ("vfio%d" % functions.parse(vf)[1])
        files.write(home / "dev", "511:%d" % functions.parse(vf)[1])
        files.link(host.sys / "class/vfio-dev" / home.name, home)
        files.write(path / "nvidia/current_vgpu_type", "0", 0o644)
    assign(host, found, types or {}, header=header)
    return found


def assign(host: builder.HostBuilder, vfs: Sequence[str],
           types: Mapping[int, int], *, header: bool = True) -> None:
    """Make vGPUs on VFs of one board; every list shrinks as on a real one.

    :param types: number of a VF to the number of a type; 0 removes one
    """
    for index, number in types.items():
        files.write(host.path(vfs[index]) / "nvidia/current_vgpu_type",
                    "%d" % number, 0o644)
    current = [
        int((host.path(vf) / "nvidia/current_vgpu_type").read_text())
        for vf in vfs]
    left = _L40S_FRAMEBUFFER - sum(
        L40S_TYPES[number][1] for number in current if number in L40S_TYPES)
    for vf, number in zip(vfs, current, strict=True):
        text = "".join(
            "%-5d : %s\n" % (one, name)
            for one, (name, size) in L40S_TYPES.items()
            if size <= left and not number)
        files.write(host.path(vf) / "nvidia/creatable_vgpu_types",
                    ((_HEADER if header else "") + text).encode())


def add_config(host: builder.HostBuilder,
               types: Mapping[int, str] | None = None) -> None:
    """Write the list of all types that comes with the vGPU manager."""
    if types is None:
        types = {number: name for number, (name, _) in L40S_TYPES.items()}
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<!DOCTYPE vgpu SYSTEM "http://www.nvidia.com/dtd/vgpuConfig.dtd">',
        "", "<vgpuconfig>", "  <version>1.0</version>"]
    for number, name in types.items():
        lines += [
            '  <vgpuType id="%d" name="%s" class="%s">' % (
                number, name, "NVS" if name.endswith("B") else "Quadro"),
            '    <devId vendorId="0x10DE" deviceId="0x26B9" '
            'subsystemVendorId="0x10DE" subsystemId="0x0000"></devId>',
            "    <framebuffer>0x38000000</framebuffer>",
            "  </vgpuType>"]
    lines += [
        "  <pgpu>",
        '    <devId vendorId="0x10DE" deviceId="0x26B9" '
        'subsystemVendorId="0x10DE" subsystemId="0x0"></devId>',
        *(re.sub("^", "    ", text) for number in types for text in (
            '<supportedVgpu vgpuId="%d">' % number,
            '  <digest type="signature">%s</digest>' % ("38fc196f" * 64),
            "</supportedVgpu>")),
        "  </pgpu>", "</vgpuconfig>"]
    files.write(host.root / "usr/share/nvidia/vgpu/vgpuConfig.xml",
                "\n".join(lines), 0o644)


def _sriov(host: builder.HostBuilder, address: str,
           function: functions.Function, vfs: int) -> None:
    """Add a GPU and its VFs, all of them bound to nvidia."""
    vf = dataclasses.replace(function, subsystem_device=0, bars=_VF_BARS)
    host.sriov(address, function, vf, ["nvidia"] * vfs, "nvidia", offset=4)
