# SPDX-License-Identifier: Apache-2.0

"""Classes and devices that tests publish."""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import report


def vgpu(version: str = "2.1.0") -> device_class.DeviceClass:
    """A vGPU type whose driver declares its version."""
    items = {
        "device_api": "vfio-pci",
        "software_version": version,
        "type": "nvidia-222",
    }
    return device_class.DeviceClass(
        family="migration",
        bus="mdev",
        evidence=codes.Evidence.DECLARED,
        state=items,
        accepts=(items,),
    )


def nic(firmware: str = "28.43.1000") -> device_class.DeviceClass:
    """A VF of a NIC; long enough for several pieces."""
    items = {
        "device_api": "vfio-pci",
        "firmware": firmware,
        "pf_device": "1021",
        "psid": "MT_0000000838",
    }
    return device_class.DeviceClass(
        family="mlx5",
        bus="pci",
        evidence=codes.Evidence.RULE,
        state=items,
        accepts=(items,),
        exposed={"device": "101e", "vendor": "15b3"},
    )


def plain() -> device_class.DeviceClass:
    """A device that cannot migrate."""
    return device_class.DeviceClass(
        family="pci",
        bus="pci",
        evidence=codes.Evidence.RULE,
        reason=codes.Code.PLAIN_VFIO_PCI,
    )


@dataclasses.dataclass(frozen=True)
class Device:
    """A scanned device, as far as publishing looks at it."""

    name: str
    kind: str
    classes: tuple[device_class.DeviceClass, ...]
    parent: str | None = None
    offered: bool = True


@dataclasses.dataclass(frozen=True)
class Scan:
    """A scanned host."""

    devices: tuple[Device, ...]


def report_with(**devices: device_class.DeviceClass) -> report.Report:
    """A report of devices with one class each, by their names."""
    return report.Report(
        classes={item.id: item for item in devices.values()},
        devices={
            report.device_name(name): frozenset({item.id})
            for name, item in devices.items()
        },
    )
