# SPDX-License-Identifier: Apache-2.0

"""The devices of the instance on the source host, and their classes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import re
import threading
from typing import Any

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.scheduler import api
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import migration
from nova_vfio_compat.scheduler import names
from nova_vfio_compat.scheduler import request

_PCI_ADDRESS = re.compile(
    r"[0-9A-Fa-f]{4,}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f]"
)
_HOST_RESOURCES = ("MEMORY_MB", "VCPU", "PCPU")


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Devices of the instance among which Nova may choose the pairing.

    :ivar request: id of the PCI request; None for all mdevs together
    :ivar bus: ``pci`` or ``mdev``
    :ivar resources: the resource classes of the mdevs
    :ivar specs: what the PCI alias asks for; empty means anything
    :ivar devices: names as in the report's traits
    :ivar classes: every class that one of the devices may be of
    :ivar relax: what the operator wants left out of comparisons
    """

    request: str | None
    bus: str
    resources: frozenset[str]
    specs: tuple[Mapping[str, str], ...]
    devices: tuple[str, ...]
    classes: tuple[device_class.DeviceClass, ...]
    relax: frozenset[str] = frozenset()

    def concerns(self, other: device_class.DeviceClass) -> bool:
        """Whether Nova could hand out a device of this class for it."""
        if other.bus != self.bus:
            return False
        if self.bus != "pci" or not self.specs:
            return True
        return any(
            all(
                name not in other.exposed
                or (spec.get(key) or "*").lower()
                in ("*", other.exposed[name])
                for key, name in (
                    ("vendor_id", "vendor"), ("product_id", "device")
                )
            )
            for spec in self.specs
        )


class Providers:
    """Names of providers by uuid: Nova never renames one."""

    _MAX = 50_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, str]] = {}

    def learn(self, any_uuid: str, wanted: Iterable[str]) -> None:
        """Read the tree of a provider unless all wanted are known.

        A wanted one that is not in this tree, such as shared storage, is
        remembered as one that stands for no device.
        """
        wanted = list(wanted)
        with self._lock:
            if all(uuid in self._known for uuid in wanted):
                return
        found = {
            item.uuid: (item.name, item.root) for item in api.tree(any_uuid)
        }
        with self._lock:
            if len(self._known) > self._MAX:
                self._known.clear()
            self._known.update(found)
            for uuid in wanted:
                self._known.setdefault(uuid, ("", uuid))

    def root(self, uuid: str) -> str | None:
        """The uuid of the root of the provider's tree."""
        with self._lock:
            known = self._known.get(uuid)
        return known[1] if known else None

    def device(self, uuid: str) -> str | None:
        """The device that a nested provider stands for, as in traits.

        Nova's name is the root's name and either a PCI address in capitals
        or libvirt's name of the device. None for a root.
        """
        with self._lock:
            name, root = self._known.get(uuid, ("", uuid))
            prefix = self._known.get(root, ("", ""))[0] + "_"
        if root == uuid or not name.startswith(prefix):
            return None
        suffix = name.removeprefix(prefix)
        if _PCI_ADDRESS.fullmatch(suffix):
            suffix = f"pci_{suffix}"
        return codec.device_trait_name(suffix)


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """What has to move.

    :ivar groups: in the order of their requests
    :ivar amount: how many VFIO devices there are in all
    """

    groups: tuple[Group, ...]
    amount: int


def read(
    moving: migration.LiveMigration,
    spec: Any,
    providers: Providers,
    relax: frozenset[str] = frozenset(),
) -> Source | None:
    """Find the devices that move state and their classes.

    :param relax: what the operator wants left out of comparisons
    :returns: None if there is no such device
    :raises CannotDecide: Placement does not answer, or the source host has
        no fresh report of one of the devices
    """
    held: dict[str, dict[str, int]] = {}
    for consumer in moving.consumers:
        held = api.allocations(consumer)
        if held:
            break
    if not held:
        raise errors.CannotDecide(
            codes.Code.SOURCE_NOT_REPORTED,
            f"instance {moving.instance} holds no allocations on "
            f"{moving.source}",
        )
    node = _compute_node(held)
    providers.learn(node, held)
    root = providers.root(node) or node
    mdevs = {}
    amounts = {}
    for uuid in held:
        device = providers.device(uuid)
        found = {
            name for name in held[uuid]
            if name == "VGPU" or name.startswith("CUSTOM_")
        }
        if device and found:
            mdevs[device] = found
            amounts[device] = sum(held[uuid][name] for name in found)
    report = codec.decode(
        api.provider_traits(provider.report_provider_uuid(root))
    )
    aliases = request.alias_requests(spec)
    if not aliases and not mdevs:
        return None
    if not report.seen:
        raise errors.CannotDecide(
            codes.Code.SOURCE_NOT_REPORTED,
            f"{moving.source} has published no report",
        )
    if not names.is_fresh(report.seen):
        raise errors.CannotDecide(
            codes.Code.STALE_REPORT,
            f"the report of {moving.source} is of {max(report.seen)}",
        )
    groups = [
        _pci_group(alias, moving, report) for alias in aliases
    ]
    mdev_group = _mdev_group(mdevs, moving, report)
    amount = sum(len(group.devices) for group in groups)
    if mdev_group is not None:
        groups.append(mdev_group)
        amount += sum(amounts[device] for device in mdev_group.devices)
    if not groups:
        return None
    return Source(
        tuple(dataclasses.replace(group, relax=relax) for group in groups),
        amount,
    )


def _compute_node(held: Mapping[str, Mapping[str, int]]) -> str:
    """A provider of the compute node's own tree.

    Shared storage is a tree of its own, so memory and CPUs go first.
    """
    for resource in _HOST_RESOURCES:
        for uuid, resources in held.items():
            if resource in resources:
                return uuid
    return next(iter(held))


def _classes(
    report: Any, devices: Iterable[str], host: str
) -> tuple[device_class.DeviceClass, ...]:
    found = {}
    for device in devices:
        ids = report.devices.get(device, ())
        missing = [key for key in ids if key not in report.classes]
        if not ids or missing:
            raise errors.CannotDecide(
                codes.Code.SOURCE_NOT_REPORTED,
                f"the report of {host} has no class for {device.lower()}",
            )
        found.update({key: report.classes[key] for key in ids})
    return tuple(found[key] for key in sorted(found))


def _pci_group(
    alias: Any, moving: migration.LiveMigration, report: Any
) -> Group:
    devices = []
    for function in moving.functions:
        if function.request_id != alias.request_id:
            continue
        own, pf = (
            codec.device_trait_name(f"pci_{address}")
            for address in (function.address, function.parent or "")
        )
        devices.append(report.named(own, pf))
    if not devices:
        raise errors.CannotDecide(
            codes.Code.SOURCE_NOT_REPORTED,
            f"Nova has no PCI device of instance {moving.instance} for "
            f"request {alias.request_id}",
        )
    return Group(
        request=alias.request_id,
        bus="pci",
        resources=frozenset(),
        specs=tuple(dict(item) for item in alias.spec),
        devices=tuple(devices),
        classes=_classes(report, devices, moving.source),
    )


def _mdev_group(
    mdevs: Mapping[str, set[str]],
    moving: migration.LiveMigration,
    report: Any,
) -> Group | None:
    functions = {
        codec.device_trait_name(f"pci_{address}")
        for function in moving.functions
        for address in (function.address, function.parent)
        if address
    }
    devices = []
    resources: set[str] = set()
    for device, found in mdevs.items():
        ids = report.devices.get(device, ())
        buses = {
            report.classes[key].bus for key in ids if key in report.classes
        }
        if device in functions or (
            "VGPU" not in found
            and "mdev" not in buses
            and not device.startswith("PCI_")
        ):
            # A PCI function, which has its own group, or a provider of
            # something that is no device at all.
            continue
        devices.append(device)
        resources |= found
    if not devices:
        return None
    classes = tuple(
        one for one in _classes(report, devices, moving.source)
        if one.bus == "mdev"
    )
    if not classes:
        raise errors.CannotDecide(
            codes.Code.SOURCE_NOT_REPORTED,
            f"the report of {moving.source} has no mdev on "
            f"{', '.join(devices).lower()}",
        )
    return Group(
        request=None,
        bus="mdev",
        resources=frozenset(resources),
        specs=(),
        devices=tuple(devices),
        classes=classes,
    )
