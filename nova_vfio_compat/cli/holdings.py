# SPDX-License-Identifier: Apache-2.0

"""The devices of a server and of what Placement has free, as reports say.

Providers are known by their names: Nova's is the compute node's name and
either a PCI address in capitals or libvirt's name of the device.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import re

from nova_vfio_compat.cli import cloud as cloud_
from nova_vfio_compat.cli import landing
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_

Class = landing.Class

_PCI_ADDRESS = re.compile(
    r"[0-9A-Fa-f]{4,}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f]"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A provider that a server has devices from.

    :ivar name: as reports call the device
    :ivar resources: what of it is held
    """

    name: str
    bus: str
    resources: dict[str, int]
    classes: tuple[Class, ...]


def devices(
    node: str,
    held: dict[str, dict[str, int]],
    names: dict[str, str],
    source: report_.Report,
) -> Iterator[Device]:
    """The devices that a server holds, as the source's report has them.

    :raises CloudError: the report does not name one of them
    """
    for uuid, resources in held.items():
        wanted = {
            name: amount for name, amount in resources.items()
            if name == "VGPU" or name.startswith("CUSTOM_")
        }
        name = device(node, names.get(uuid, ""))
        if not name or not wanted:
            continue
        ids = source.devices.get(name, frozenset())
        classes = tuple(
            source.classes[key] for key in sorted(ids)
            if key in source.classes
        )
        if len(classes) < len(ids) or not classes:
            if "VGPU" not in wanted and not name.startswith("PCI_"):
                # A provider of something that is no device at all.
                continue
            raise cloud_.CloudError(
                f"the report of {node} does not name {name.lower()}, which "
                "the server uses; run nova-vfio-compat-reporter --once there"
            )
        mdevs = tuple(one for one in classes if one.bus == "mdev")
        bus = "mdev" if "VGPU" in wanted or mdevs else "pci"
        yield Device(
            name, bus, wanted, mdevs if bus == "mdev" else classes
        )


def groups(devices: list[Device]) -> list[landing.Group]:
    """Devices among which Nova chooses: by resource class; all mdevs."""
    found: dict[str, list[Device]] = {}
    for item in devices:
        key = "mdev" if item.bus == "mdev" else sorted(item.resources)[0]
        found.setdefault(key, []).append(item)
    return [
        landing.Group(
            items[0].bus,
            tuple(dict.fromkeys(
                one for item in items for one in item.classes
            )),
            sum(sum(item.resources.values()) for item in items),
            sure=items[0].bus == "mdev"
            or all(len(item.classes) == 1 for item in items),
        )
        for items in found.values()
    ]


def picked(
    node: str,
    one: cloud_.Candidate,
    devices: list[Device],
    names: dict[str, str],
) -> list[list[str]]:
    """The devices of a candidate, for each of the groups."""
    kinds: dict[str, set[str]] = {}
    for item in devices:
        key = "mdev" if item.bus == "mdev" else sorted(item.resources)[0]
        kinds.setdefault(key, set()).update(item.resources)
    return [
        [
            device(node, names.get(uuid, "")) or uuid
            for uuid, resources in one.resources.items()
            if wanted & resources.keys()
        ]
        for wanted in kinds.values()
    ]


def device(node: str, name: str) -> str | None:
    """What reports call the device that a provider stands for."""
    if not name.startswith(f"{node}_"):
        return None
    suffix = name.removeprefix(f"{node}_")
    if _PCI_ADDRESS.fullmatch(suffix):
        suffix = f"pci_{suffix}"
    return codec.device_trait_name(suffix)


def classes(
    report: report_.Report, name: str, bus: str
) -> tuple[Class, ...]:
    """The classes of a device that count; none if one cannot be read."""
    ids = report.devices.get(name, frozenset())
    if not ids <= report.classes.keys():
        return ()
    return tuple(
        report.classes[key] for key in sorted(ids)
        if report.classes[key].bus == bus
    )


def product(one: Class) -> tuple[str, str]:
    """What a PCI alias means a device by, as far as a guest sees it."""
    return one.exposed.get("vendor", ""), one.exposed.get("device", "")
