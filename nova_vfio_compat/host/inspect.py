# SPDX-License-Identifier: Apache-2.0

"""Everything that there is to know about one device."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import inspect

from nova_vfio_compat.host import context
from nova_vfio_compat.host import describe
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import find
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import modules_alias
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import record
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base

_NO_RULE = (
    "No source knows the device, so nothing is known of what it could load."
)
# What every PCI function has, wherever a source says nothing of it.
_EXPOSED = {
    "exposed:vendor": "vendor",
    "exposed:device": "device",
    "exposed:revision": "revision",
    "exposed:class": "class",
    "exposed:bars": "resource: kind and size of each BAR",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read for a device.

    :ivar path: below the root
    :ivar value: its text; None if there is an error
    :ivar error: why it could not be read or understood
    """

    path: str
    value: str | None
    error: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """A device, and what its description rests on.

    :ivar device: as a scan finds it
    :ivar driver_from: why the device's driver is the one
    :ivar source: the name of the source that describes it, if one does
    :ivar rule: in words, from the source
    :ivar origins: attribute to the place that it comes from; what a guest
        sees as ``exposed:<attribute>``
    :ivar readings: sorted by path
    """

    device: device_.Device
    driver_from: str
    source: str | None
    rule: str
    origins: Mapping[str, str]
    readings: tuple[Reading, ...]


def inspect_device(
    tree: host_tree.HostTree,
    name: str,
    offered: offered_.Offered | None = None,
) -> Inspection:
    """Look at one device of a host.

    :param name: libvirt's name, ``name/type`` where a parent has several
        types, a PCI address, or an mdev's uuid
    :raises NotAHostTree: the root of the tree holds no host
    :raises NoSuchDevice: it has none of that name, or several
    """
    # Both looks below see one state of each file.
    seen = record.Recorder(tree.store)
    host = host_tree.HostTree(tree.root, store=seen)
    found = find.one(scan.scan(host, offered).devices, name)
    view = host.once()
    look = _Look(host.once(), view, offered)
    candidates = look.candidates(found)
    owners = look.describe(found, candidates)
    source = owners[0].source if owners else None
    return Inspection(
        device=found,
        driver_from=look.driver_from(found, candidates),
        source=owners[0].name if owners else None,
        rule=_rule(source),
        origins={
            **_EXPOSED,
            **(source.mandatory if source else {}),
            **(source.optional if source else {}),
        },
        readings=_readings(view),
    )


class _Look:
    """Describes devices once more, to see what is read for them."""

    def __init__(
        self,
        host: host_tree.HostTree,
        view: host_tree.HostTree,
        offered: offered_.Offered | None,
    ) -> None:
        self._view = view
        functions = pci.functions(host, [])
        self._mediated = mdev.Mediated(host, functions, [])
        self._ctx = context.Context(
            view,
            {
                address: dataclasses.replace(function, tree=view)
                for address, function in functions.items()
            },
            offered,
        )

    def candidates(self, found: device_.Device) -> list[base.Candidate]:
        """The device as sources know it; a type's mdevs come after it."""
        if found.kind == device_.MDEV:
            return [
                self._moved(one) for one in self._mediated.mdevs
                if one.name == found.name
            ]
        if found.kind != device_.MDEV_TYPE:
            return [
                one for one in self._ctx.functions.values()
                if one.name == found.name
            ]
        paths = {
            path for path, one in self._mediated.types.items()
            if (one.parent.name, one.id) == (found.name, found.type)
        }
        return [
            *(
                dataclasses.replace(one, tree=self._view)
                for path, one in self._mediated.types.items()
                if path in paths
            ),
            *(
                self._moved(one) for one in self._mediated.mdevs
                if one.type is not None and one.type.path in paths
            ),
        ]

    def describe(
        self, found: device_.Device, candidates: Iterable[base.Candidate]
    ) -> list[loader.NamedSource]:
        """Ask the sources; returns those whose classes the device has."""
        describer = describe.Describer(loader.load()[0], self._ctx)
        owners = []
        for item in candidates:
            owner = describer.owner(item)
            if owner is None and found.kind == device_.PF:
                continue
            result = describer.describe(item, owner)
            if (
                owner is not None
                and result is not None
                and result.device_class in found.classes
            ):
                owners.append(owner)
        return owners

    def driver_from(
        self, found: device_.Device, candidates: Iterable[base.Candidate]
    ) -> str:
        """Why the device's driver is the one."""
        if found.kind == device_.MDEV_TYPE:
            return "the driver that makes mdevs of this type"
        item = next(iter(candidates), None)
        if not isinstance(item, pci.PciFunction) or found.kind == device_.PF:
            return "bound to it now" if found.driver else ""
        if driver.is_vfio(item):
            return "bound to it now"
        effective = self._ctx.effective_driver(item)
        if effective.name is None:
            return "" if effective.code is None else effective.code.text
        match = self._ctx.match(item)
        if match is not None and not match.managed:
            return "driver_override: nova.conf has it as unmanaged"
        aliases = modules_alias.ModulesAlias.read(self._view)
        if aliases is None:
            return "known for its ids; the host has no modules.alias"
        if effective.folded == driver.PLAIN:
            return "libvirt would bind it: no alias in modules.alias fits"
        return "libvirt would bind it: modules.alias"

    def _moved(self, item: mdev.Mdev) -> mdev.Mdev:
        return dataclasses.replace(
            item,
            tree=self._view,
            type=item.type and dataclasses.replace(
                item.type, tree=self._view
            ),
        )


def _rule(source: base.Source | None) -> str:
    if source is None:
        return _NO_RULE
    # Not that of the base class, and without the markup of documents.
    return inspect.cleandoc(type(source).__doc__ or "").replace("``", "")


def _readings(view: host_tree.HostTree) -> tuple[Reading, ...]:
    return tuple(
        Reading(errors.printable(path), None, found.brief)
        if isinstance(found, errors.ReadError)
        else Reading(errors.printable(path), found, None)
        for path, found in sorted(view.files().items())
    )
