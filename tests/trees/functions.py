# SPDX-License-Identifier: Apache-2.0
"""PCI functions as drivers/pci/pci-sysfs.c and iov.c show them."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import pathlib
import re

from tests.trees import files

# include/linux/ioport.h; the low bits are those of the BAR itself.
_FLAGS = {
    "io": 0x40101,
    "mem32": 0x40200,
    "mem32pref": 0x42208,
    "mem64": 0x140204,
    "mem64pref": 0x14220c,
}
# Six BARs, the ROM, and six BARs for the virtual functions.
_RESOURCES = 13
_IOV = 7
_ADDRESS = re.compile(
    r"([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """Size in bytes and kind of one BAR."""

    size: int
    kind: str = "mem64pref"


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """What identifies a PCI function; numbers, not text."""

    vendor: int
    device: int
    revision: int = 0
    class_code: int = 0x020000
    subsystem_vendor: int | None = None
    subsystem_device: int = 0
    bars: Mapping[int, Bar] = dataclasses.field(default_factory=dict)
    vf_bars: Mapping[int, Bar] = dataclasses.field(default_factory=dict)
    numa_node: int = 0

    @property
    def subsystem(self) -> tuple[int, int]:
        """Subsystem vendor and device."""
        vendor = self.subsystem_vendor
        return (self.vendor if vendor is None else vendor,
                self.subsystem_device)

    @property
    def modalias(self) -> str:
        """The text that modules.alias patterns are matched against."""
        code = self.class_code
        return "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X" % (
            self.vendor, self.device, *self.subsystem,
            code >> 16, code >> 8 & 0xff, code & 0xff)


def parse(address: str) -> tuple[int, int]:
    """Split an address into its domain and its 16-bit routing id."""
    match = _ADDRESS.match(address)
    if match is None:
        raise ValueError("%r is no PCI address" % address)
    domain, bus, slot, function = (int(part, 16) for part in match.groups())
    return domain, bus << 8 | slot << 3 | function


def offset_address(address: str, offset: int) -> str:
    """Return the address whose routing id is ``offset`` further."""
    domain, routing_id = parse(address)
    routing_id += offset
    return "%04x:%02x:%02x.%x" % (
        domain, routing_id >> 8, routing_id >> 3 & 0x1f, routing_id & 7)


def placement(address: str) -> tuple[str, str | None]:
    """Say where a function hangs: root complex and the bridge before it."""
    domain, routing_id = parse(address)
    bus = routing_id >> 8
    root = bus & 0xc0
    complex_name = "pci%04x:%02x" % (domain, root)
    if bus == root:
        return complex_name, None
    low = bus & 0x3f
    return complex_name, "%04x:%02x:%02x.%x" % (
        domain, root, 0x10 + (low >> 3), low & 7)


def resource_lines(function: Function, vfs: int = 0) -> str:
    """Return the content of ``resource``, without the last newline.

    A 64-bit BAR takes two registers: the line after it is empty.
    """
    lines = ["0x%016x 0x%016x 0x%016x" % (0, 0, 0)] * _RESOURCES
    base = 0x23ffe000000
    bars = dict(function.bars)
    if vfs:
        for index, bar in function.vf_bars.items():
            bars[_IOV + index] = Bar(bar.size * vfs, bar.kind)
    for index, bar in sorted(bars.items()):
        base = (base + bar.size - 1) // bar.size * bar.size
        lines[index] = "0x%016x 0x%016x 0x%016x" % (
            base, base + bar.size - 1, _FLAGS[bar.kind])
        base += bar.size
    return "\n".join(lines)


def write_function(path: pathlib.Path, function: Function,
                   vfs: int = 0) -> None:
    """Write the attributes of a function, without its links."""
    subsystem_vendor, subsystem_device = function.subsystem
    for name, value in {
        "vendor": "0x%04x" % function.vendor,
        "device": "0x%04x" % function.device,
        "subsystem_vendor": "0x%04x" % subsystem_vendor,
        "subsystem_device": "0x%04x" % subsystem_device,
        "revision": "0x%02x" % function.revision,
        "class": "0x%06x" % function.class_code,
        "modalias": function.modalias,
        "enable": "0",
        "irq": "0",
        "resource": resource_lines(function, vfs),
    }.items():
        files.write(path / name, value)
    files.write(path / "driver_override", "(null)", 0o644)
    files.write(path / "numa_node", "%d" % function.numa_node, 0o644)


def write_uevent(path: pathlib.Path, address: str, function: Function,
                 driver: str | None) -> None:
    """Write ``uevent``; its first line names the bound driver."""
    lines = ["DRIVER=%s" % driver] if driver else []
    lines += [
        "PCI_CLASS=%X" % function.class_code,
        "PCI_ID=%04X:%04X" % (function.vendor, function.device),
        "PCI_SUBSYS_ID=%04X:%04X" % function.subsystem,
        "PCI_SLOT_NAME=%s" % address,
        "MODALIAS=%s" % function.modalias,
    ]
    files.write(path / "uevent", "\n".join(lines), 0o644)


def write_sriov(path: pathlib.Path, function: Function, vf: Function,
                vfs: int, total: int, offset: int, stride: int) -> None:
    """Write what only a physical function has."""
    files.write(path / "sriov_numvfs", "%d" % vfs, 0o644)
    files.write(path / "sriov_totalvfs", "%d" % total)
    files.write(path / "sriov_vf_device", "%x" % vf.device)
    files.write(path / "sriov_offset", "%d" % offset)
    files.write(path / "sriov_stride", "%d" % stride)
    files.write(path / "sriov_drivers_autoprobe", "1", 0o644)
    files.write(path / "resource", resource_lines(function, vfs))
