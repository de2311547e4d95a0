# SPDX-License-Identifier: Apache-2.0
"""HostBuilder: one host's tree, device by device."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib
import typing

from tests.trees import files
from tests.trees import functions
from tests.trees import kernel
from tests.trees import mediated
from tests.trees import mlx5
from tests.trees.migration import Attributes
from tests.trees.migration import Migration
from tests.trees.migration import write_migration

_BRIDGE = functions.Function(0x8086, 0x2030, revision=4, class_code=0x060400)
#: Drivers under which a device is handed to a guest.
VFIO_DRIVERS = frozenset((
    "vfio-pci", "mlx5_vfio_pci", "hisi_acc_vfio_pci", "pds_vfio_pci",
    "qat_vfio_pci", "virtio_vfio_pci", "xe-vfio-pci"))


class HostBuilder:
    """Writes one host's tree under ``root``; every call adds to it."""

    def __init__(self, root: str | pathlib.Path) -> None:
        self.root = pathlib.Path(root)
        self.sys = self.root / "sys"
        self.sys.mkdir(parents=True, exist_ok=True)
        self._groups = 0
        self._vfio = 0
        self._infiniband = 0
        self._functions: dict[str, functions.Function] = {}

    def path(self, device: str) -> pathlib.Path:
        """Return the real folder of a PCI address, mdev uuid or "mtty"."""
        for place in ("bus/pci/devices", "bus/mdev/devices",
                      "class/mdev_bus"):
            found = self.sys / place / device
            if found.is_symlink():
                return found.resolve()
        raise KeyError(device)

    def kernel(self, release: str = "6.12.1",
               variants: Iterable[str] = ("mlx5_vfio_pci",),
               ) -> typing.Self:
        """Write the release and the modules.alias of its variant drivers."""
        kernel.write_kernel(self.root, release, variants)
        return self

    def module(self, name: str, version: str | None = None) -> typing.Self:
        """Load a module; most modules in the kernel's tree have no version."""
        path = self.sys / "module" / name
        files.write(path / "initstate", "live")
        files.write(path / "refcnt", "0")
        if version is not None:
            files.write(path / "version", version)
        return self

    def pci(self, address: str, function: functions.Function,
            driver: str | None = None,
            beside: str | None = None) -> typing.Self:
        """Add a PCI function; ``beside`` is one that has the same parent."""
        if address in self._functions:
            raise ValueError("%s is there already" % address)
        self._functions[address] = function
        path = self._pci_parent(address, beside) / address
        functions.write_function(path, function)
        files.link(self.sys / "bus/pci/devices" / address, path)
        files.link(path / "subsystem", self.sys / "bus/pci")
        self._iommu_group(path)
        return self.bind(address, driver)

    def bind(self, address: str, driver: str | None) -> typing.Self:
        """Bind a function to a driver (None: to none), as sysfs shows it."""
        path = self.path(address)
        old = path / "driver"
        if old.is_symlink():
            (old.resolve() / address).unlink()
            old.unlink()
        functions.write_uevent(path, address, self._functions[address], driver)
        if driver is None:
            return self
        home = self.sys / "bus/pci/drivers" / driver
        module = driver.replace("-", "_")
        self.module(module)
        files.link(home / "module", self.sys / "module" / module)
        files.link(home / address, path)
        files.link(old, home)
        if driver in VFIO_DRIVERS:
            if driver != "vfio-pci":
                files.write(path / "driver_override", driver, 0o644)
            self._vfio_device(path)
        return self

    def sriov(self, address: str, pf: functions.Function,
              vf: functions.Function,
              drivers: Sequence[str | None], pf_driver: str | None,
              offset: int = 2, stride: int = 1) -> typing.Self:
        """Add a physical function and one virtual function per driver."""
        self.pci(address, dataclasses.replace(pf, vf_bars=vf.bars),
                 driver=pf_driver)
        path = self.path(address)
        functions.write_sriov(path, self._functions[address], vf, len(drivers),
                        max(16, len(drivers)), offset, stride)
        for index, driver in enumerate(drivers):
            vf_address = functions.offset_address(
                address, offset + stride * index)
            self.pci(vf_address, vf, driver=driver, beside=address)
            vf_path = self.path(vf_address)
            files.link(path / ("virtfn%d" % index), vf_path)
            files.link(vf_path / "physfn", path)
        return self

    def mlx5_pf(self, address: str, *, firmware: str | None = "28.43.1000",
                psid: str | None = "MT_0000000838", vfs: int = 4,
                vf_driver: str | None | Sequence[str | None] = "mlx5_core",
                device: int = 0x1021, revision: int = 0,
                vf_bar: functions.Bar = mlx5.VF_BAR, infiniband: bool = True,
                offset: int = 2) -> typing.Self:
        """Add a ConnectX PF (0x1021: ConnectX-7) and its VFs.

        :param vf_driver: one for all VFs, or one each.
        :param infiniband: False when mlx5_ib is not loaded.
        """
        drivers: Sequence[str | None]
        if vf_driver is None or isinstance(vf_driver, str):
            drivers = [vf_driver] * vfs
        else:
            drivers = vf_driver
        self.sriov(address, mlx5.pf(device, revision),
                   mlx5.vf(revision, vf_bar), drivers, "mlx5_core", offset)
        if infiniband:
            self._ib_device(address, device, firmware, psid)
            for index, driver in enumerate(drivers):
                if driver == "mlx5_core":
                    self._ib_device(
                        functions.offset_address(address, offset + index),
                        0x101e, firmware, psid)
        return self

    def mdev_parent(self, address: str, *, driver: str = "i915",
                    types: Mapping[str, Attributes],
                    function: functions.Function = mediated.GVT_GPU,
                    version: str | None = None) -> typing.Self:
        """Make a PCI function (a new one unless it exists) an mdev parent.

        :param types: what differs from the usual per type id.
        :param version: of the driver's module.
        """
        if address not in self._functions:
            self.pci(address, function, driver)
        if version is not None:
            self.module(driver.replace("-", "_"), version)
        mediated.write_parent(self.sys, self.path(address), types)
        return self

    def mtty(self, types: Iterable[str] | Mapping[str, Attributes] = (
            "mtty-1", "mtty-2"), version: str | None = "0.1") -> typing.Self:
        """Load the kernel's sample driver: an mdev parent that is virtual."""
        self.module("mtty", version)
        path = self.sys / "devices/virtual/mtty/mtty"
        path.mkdir(parents=True, exist_ok=True)
        files.write(path / "uevent", b"", 0o644)
        files.link(path / "subsystem", self.sys / "class/mtty")
        files.link(self.sys / "class/mtty/mtty", path)
        if not isinstance(types, Mapping):
            types = {name: {} for name in types}
        mediated.write_parent(self.sys, path, types)
        return self

    def mdev(self, uuid: str, *, parent: str, type: str,
             migration: Migration | None = None) -> typing.Self:
        """Create an mdev; the parent has one available instance less."""
        path = mediated.write_mdev(self.sys, self.path(parent), uuid, type)
        self._iommu_group(path)
        self._vfio_device(path)
        if migration is not None:
            self.migration(uuid, migration)
        return self

    def migration(self, device: str, migration: Migration) -> typing.Self:
        """Write ``migration/`` of a PCI address or mdev uuid."""
        write_migration(self.path(device), migration)
        return self

    def break_file(self, path: str | pathlib.Path) -> typing.Self:
        """Make a file (absolute or below the root) that cannot be read."""
        files.break_file(self.root / path)
        return self

    def _pci_parent(self, address: str, beside: str | None) -> pathlib.Path:
        if beside is not None:
            return self.path(beside).parent
        root, bridge = functions.placement(address)
        parent = self.sys / "devices" / root
        if bridge is None:
            return parent
        if bridge not in self._functions:
            self.pci(bridge, _BRIDGE, driver="pcieport")
        return parent / bridge

    def _iommu_group(self, path: pathlib.Path) -> None:
        group = self.sys / "kernel/iommu_groups" / str(self._groups)
        self._groups += 1
        files.write(group / "type", "DMA-FQ", 0o644)
        files.link(group / "devices" / path.name, path)
        files.link(path / "iommu_group", group)

    def _vfio_device(self, path: pathlib.Path) -> None:
        name = "vfio%d" % self._vfio
        home = path / "vfio-dev" / name
        files.write(home / "dev", "511:%d" % self._vfio)
        files.link(self.sys / "class/vfio-dev" / name, home)
        self._vfio += 1

    def _ib_device(self, address: str, device: int, firmware: str | None,
                   psid: str | None) -> None:
        mlx5.write_infiniband(
            self.sys, self.path(address), "mlx5_%d" % self._infiniband,
            device, firmware, psid)
        self._infiniband += 1
