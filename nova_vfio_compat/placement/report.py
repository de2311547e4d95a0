# SPDX-License-Identifier: Apache-2.0

"""What a host publishes: its classes, and which device is of which."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import re
from typing import Protocol

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import errors

_NOT_IN_TRAITS = re.compile(r"[^A-Z0-9]")

# The rest of a name of 255 characters holds the prefix and the index.
_MAX_DEVICE_NAME = 230


class ScannedDevice(Protocol):
    """What publishing must know of a device of a host."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def parent(self) -> str | None: ...

    @property
    def classes(self) -> tuple[device_class.DeviceClass, ...]: ...

    @property
    def offered(self) -> bool: ...


class Scan(Protocol):
    """What publishing must know of a host."""

    @property
    def devices(self) -> Iterable[ScannedDevice]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class TraitProblem:
    """A published trait that cannot be used, and why."""

    trait: str
    code: codes.Code
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What a host says of itself.

    :ivar classes: id to class, of the devices that Nova can hand out
    :ivar devices: name of a device, as ``device_name`` gives it, to the ids
        of the classes that it may be of; an id may be missing in
        ``classes`` if its definition could not be read
    :ivar seen: days (``YYYYMMDD``, UTC) on which the report was true
    :ivar present: whether there is a report at all
    :ivar problems: what could not be decoded
    """

    classes: Mapping[str, device_class.DeviceClass]
    devices: Mapping[str, frozenset[str]]
    seen: frozenset[str] = frozenset()
    present: bool = True
    problems: tuple[TraitProblem, ...] = ()

    def named(self, function: str, pf: str) -> str:
        """The device under which a PCI function is to be looked up.

        A PF stands for all its VFs as long as they are of one class. Where
        they differ each is named, so that one without a name is one that
        nobody has looked at, not one of those.
        """
        if function not in self.devices and len(self.devices.get(pf, ())) == 1:
            return pf
        return function


def device_name(nodedev: str) -> str:
    """The form that a device's libvirt nodedev name has in traits."""
    return _NOT_IN_TRAITS.sub("_", nodedev.upper())[:_MAX_DEVICE_NAME]


def report_of(scan: Scan, max_classes: int = 32) -> Report:
    """The report of a scanned host, at the granularity at which Nova claims.

    Nova claims VFs from the provider of their PF and mdevs from that of
    their parent, so the devices of a report are PFs, for their VFs, and
    mdev parents, for every mdev that they have or could have. VFs are named
    one by one only where those of one PF differ. How few traits name them
    is the codec's business.

    :raises TooManyClasses: more than ``max_classes``
    """
    classes: dict[str, device_class.DeviceClass] = {}
    devices: dict[str, set[str]] = {}
    functions: dict[str, dict[str, frozenset[str]]] = {}
    for device in scan.devices:
        if not device.offered:
            continue
        described = device.classes or (_undescribed(device),)
        ids = frozenset(item.id for item in described)
        classes.update((item.id, item) for item in described)
        holder = device.name
        if device.parent and device.kind in ("vf", "mdev"):
            holder = device.parent
        if device.parent and device.kind == "vf":
            functions.setdefault(holder, {})[device.name] = ids
        devices.setdefault(device_name(holder), set()).update(ids)
    for siblings in functions.values():
        if len(set(siblings.values())) > 1:
            for name, ids in siblings.items():
                devices.setdefault(device_name(name), set()).update(ids)
    if len(classes) > max_classes:
        raise errors.TooManyClasses(len(classes), max_classes)
    return Report(
        classes=classes,
        devices={name: frozenset(ids) for name, ids in devices.items()},
    )


def _undescribed(device: ScannedDevice) -> device_class.DeviceClass:
    # Left out, the device would be taken for one like its siblings.
    return device_class.DeviceClass(
        family="unknown",
        bus="mdev" if device.kind.startswith("mdev") else "pci",
        evidence=codes.Evidence.INFERRED,
        reason=codes.Code.NO_SOURCE,
    )
