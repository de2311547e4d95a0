# SPDX-License-Identifier: Apache-2.0

"""Writing the files of a host, as the kernel shows them."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
import shutil

_BUS = "bus/pci"
# Six BARs, the ROM, and six BARs of the virtual functions.
_RESOURCES = 13
# A 64-bit prefetchable BAR (include/linux/ioport.h).
_BAR_FLAGS = 0x14220C


class HostFiles:
    """The files of one host below ``root``; every call adds some.

    Formats: drivers/pci/pci-sysfs.c and drivers/pci/iov.c in the kernel's
    tree. Directories of devices are real and below ``sys/devices``, the
    ways to them are relative links, as on a host.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = pathlib.Path(root)
        self.sys = self.root / "sys"
        self.sys.mkdir(parents=True, exist_ok=True)

    def write(
        self, path: str | os.PathLike[str], value: str | bytes
    ) -> pathlib.Path:
        """Write a file below the root; a text gets a newline at its end."""
        found = self.root / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_bytes(
            value if isinstance(value, bytes) else f"{value}\n".encode()
        )
        return found

    def link(
        self, path: str | os.PathLike[str], target: pathlib.Path
    ) -> None:
        """Make a relative link below the root, in place of an old one."""
        found = self.root / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.unlink(missing_ok=True)
        found.symlink_to(os.path.relpath(target, found.parent))

    def kernel(
        self, variants: Mapping[str, str], release: str = "6.12.1"
    ) -> None:
        """Write the kernel's release and what depmod knows of drivers.

        :param variants: variant driver to the beginning of the alias that
            it is for: ``v00001ABCd00000011``
        """
        self.write("proc/sys/kernel/osrelease", release)
        lines = ["alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci"]
        lines += (
            f"alias vfio_pci:{ids}sv*sd*bc*sc*i* {name}"
            for name, ids in variants.items()
        )
        self.write(f"lib/modules/{release}/modules.alias", "\n".join(lines))

    def function(
        self,
        address: str,
        vendor: int,
        device: int,
        *,
        revision: int = 0,
        class_code: int = 0x020000,
        bars: Mapping[int, int] | None = None,
        driver: str | None = None,
    ) -> pathlib.Path:
        """Write a PCI function; return its directory.

        :param address: ``0000:81:00.0``
        :param bars: number to size in bytes
        """
        path = self.sys / f"devices/pci{address[:7]}" / address
        modalias = "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X" % (
            vendor, device, vendor, 0, class_code >> 16,
            class_code >> 8 & 0xFF, class_code & 0xFF,
        )
        for name, value in {
            "vendor": f"0x{vendor:04x}",
            "device": f"0x{device:04x}",
            "subsystem_vendor": f"0x{vendor:04x}",
            "subsystem_device": "0x0000",
            "revision": f"0x{revision:02x}",
            "class": f"0x{class_code:06x}",
            "modalias": modalias,
            "driver_override": "(null)",
            "numa_node": "0",
            "resource": _resource(bars or {}),
            "uevent": f"PCI_SLOT_NAME={address}\nMODALIAS={modalias}",
        }.items():
            self.write(path / name, value)
        self.link(path / "subsystem", self.sys / _BUS)
        self.link(self.sys / _BUS / "devices" / address, path)
        self.bind(address, driver)
        return path

    def virtual(self, pf: str, *vfs: str) -> None:
        """Make functions that exist the VFs of another one."""
        parent = self.path(pf)
        self.write(parent / "sriov_totalvfs", f"{max(16, len(vfs))}")
        self.write(parent / "sriov_numvfs", f"{len(vfs)}")
        self.write(parent / "sriov_offset", "1")
        self.write(parent / "sriov_stride", "1")
        for number, address in enumerate(vfs):
            path = self.path(address)
            self.link(parent / f"virtfn{number}", path)
            self.link(path / "physfn", parent)

    def path(self, address: str) -> pathlib.Path:
        """Return the directory of a function that exists."""
        return (self.sys / _BUS / "devices" / address).resolve(strict=True)

    def bind(
        self, address: str, driver: str | None, override: bool = False
    ) -> None:
        """Bind a function to a driver, None: to none.

        :param override: a VFIO driver that was asked for with
            ``driver_override``, as libvirt does
        """
        path = self.path(address)
        (path / "driver").unlink(missing_ok=True)
        shutil.rmtree(path / "vfio-dev", ignore_errors=True)
        self.write(
            path / "driver_override",
            driver if override and driver else "(null)",
        )
        if driver is None:
            return
        home = self.sys / _BUS / "drivers" / driver
        module = self.sys / "module" / driver.replace("-", "_")
        self.write(module / "initstate", "live")
        self.link(home / "module", module)
        self.link(path / "driver", home)
        if override:
            self.write(path / "vfio-dev/vfio0/dev", "511:0")


def _resource(bars: Mapping[int, int]) -> str:
    lines = ["0x%016x 0x%016x 0x%016x" % (0, 0, 0)] * _RESOURCES
    base = 0x23FFE000000
    for index, size in sorted(bars.items()):
        base = (base + size - 1) // size * size
        lines[index] = "0x%016x 0x%016x 0x%016x" % (
            base, base + size - 1, _BAR_FLAGS
        )
        base += size
    return "\n".join(lines)
