# SPDX-License-Identifier: Apache-2.0

"""What the whole fleet has published, for commands that compare hosts."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Protocol

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import listing
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import report as report_

# Nova's trait of its own root providers (os_traits).
_COMPUTE_NODE = "COMPUTE_NODE"

Class = device_class.DeviceClass


class Client(Protocol):
    """The questions to Placement that reading a fleet takes."""

    def providers_with(self, trait: str) -> list[provider.Provider]: ...

    def provider_by_name(self, name: str) -> provider.Provider | None: ...

    def provider_traits(
        self, uuid: str
    ) -> provider.ProviderTraits | None: ...

    def trait_names(self, prefix: str) -> frozenset[str]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host that has a report.

    :ivar name: hypervisor hostname of its compute node
    :ivar uuid: of its report provider
    :ivar seen: the last day on which the report was true, ``YYYYMMDD``;
        "" for none
    :ivar fresh: whether schedulers believe the report
    :ivar classes: ids of the classes of its devices
    """

    name: str
    uuid: str
    seen: str
    fresh: bool
    classes: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Fleet:
    """The reports of a fleet.

    :ivar hosts: those that have one, by name
    :ivar classes: id to class, of every class that one of them has and
        whose definition can be read
    :ivar missing: names of the compute nodes that have no report
    """

    hosts: tuple[Host, ...]
    classes: Mapping[str, Class]
    missing: tuple[str, ...] = ()

    @property
    def stale(self) -> tuple[Host, ...]:
        """The hosts whose report schedulers do not believe any more."""
        return tuple(item for item in self.hosts if not item.fresh)

    @property
    def undefined(self) -> frozenset[str]:
        """Ids of the classes whose definition cannot be read."""
        found = frozenset().union(*(item.classes for item in self.hosts))
        return found - self.classes.keys()


def read(client: Client, today: datetime.date) -> Fleet:
    """Read what every host has published.

    One request for each class and day in use, or one for each host,
    whichever are fewer.

    :param today: the day, in UTC, on which a report must be fresh
    :raises PlacementError: Placement cannot be read
    """
    names = client.trait_names(codec.PREFIX)
    found = client.providers_with(codec.REPORT)
    nodes = client.providers_with(_COMPUTE_NODE)
    traits = _traits(client, names, found)
    known, _ = codec.decode_definitions(
        {*names, *(name for mine in traits.values() for name in mine)}
    )
    hosts = tuple(
        _host(item, traits[item.uuid], today)
        for item in found
        if codec.REPORT in traits[item.uuid]
    )
    used = frozenset().union(*(item.classes for item in hosts))
    reported = {item.uuid for item in hosts}
    return Fleet(
        hosts,
        {id_: known[id_] for id_ in sorted(used & known.keys())},
        tuple(
            item.name
            for item in nodes
            if provider.report_provider_uuid(item.uuid) not in reported
        ),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A published device, as far as comparing needs it.

    :ivar classes: none if one of them has no readable definition
    """

    name: str
    classes: tuple[Class, ...]


def named(client: Client, host: str) -> dict[str, Device]:
    """The devices that a host has published, by their names.

    :raises NoReport: it has published nothing
    :raises PlacementError: Placement cannot be read
    """
    return {
        name: Device(name, classes)
        for name, classes in devices(report(client, host)).items()
    }


def report(client: Client, host: str) -> report_.Report:
    """What one host has published.

    :param host: hypervisor hostname of its compute node
    :raises NoReport: nothing
    :raises PlacementError: Placement cannot be read
    """
    name = provider.report_provider_name(host)
    found = client.provider_by_name(name)
    result = report_at(client, found.uuid) if found else None
    if result is None:
        raise errors.NoReport(host)
    return result


def report_at(client: Client, uuid: str) -> report_.Report | None:
    """The report of a provider; None if it is gone or has none.

    :raises PlacementError: Placement cannot be read
    """
    traits = client.provider_traits(uuid)
    result = codec.decode(traits.names) if traits else None
    return result if result is not None and result.present else None


def devices(found: report_.Report) -> dict[str, tuple[Class, ...]]:
    """The devices of a report with the classes that each may be of.

    :returns: name of the device, as libvirt spells that of a PCI function,
        to its classes; none of them for a device with a class whose
        definition cannot be read
    """
    result = {}
    for name, ids in sorted(found.devices.items()):
        classes = [found.classes.get(id_) for id_ in sorted(ids)]
        readable = tuple(one for one in classes if one is not None)
        result[name.lower()] = (
            readable if len(readable) == len(classes) else ()
        )
    return result


def _traits(
    client: Client,
    names: Iterable[str],
    found: list[provider.Provider],
) -> dict[str, set[str]]:
    """For each provider the names that say days and classes."""
    counted = sorted(
        name for name in names
        if name.startswith((codec.SEEN_PREFIX, codec.CLASS_PREFIX))
    )
    traits: dict[str, set[str]] = {}
    if len(counted) < len(found):
        traits = {item.uuid: {codec.REPORT} for item in found}
        for name in counted:
            for item in client.providers_with(name):
                if item.uuid in traits:
                    traits[item.uuid].add(name)
        return traits
    for item in found:
        read_ = client.provider_traits(item.uuid)
        traits[item.uuid] = set(read_.names) if read_ else set()
    return traits


def _host(
    item: provider.Provider, traits: set[str], today: datetime.date
) -> Host:
    days = [
        name for name in traits if name.startswith(codec.SEEN_PREFIX)
    ]
    seen = max(codec.decode(days).seen, default="")
    ids = frozenset(filter(None, map(codec.class_id, traits)))
    return Host(
        provider.hypervisor_hostname(item.name),
        item.uuid,
        seen,
        listing.Host(item, seen, len(ids)).is_fresh(today),
        ids,
    )
