# SPDX-License-Identifier: Apache-2.0

"""The hosts of a fleet that have a report, in few requests.

Placement gives the traits of one provider, or the providers with a trait;
never the traits of all. A fleet has some hundred days and classes, however
many hosts, so whichever are fewer are asked for one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import datetime

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider

#: days after which a report that was not renewed is stale to schedulers
FRESH_DAYS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """What the list says of a host.

    :ivar provider: its report provider
    :ivar seen: the last day on which its report was true; "" for none
    :ivar classes: how many classes its report names
    """

    provider: provider.Provider
    seen: str
    classes: int

    def is_fresh(self, today: datetime.date) -> bool:
        """Whether schedulers believe this report on a day (UTC)."""
        oldest = today - datetime.timedelta(days=FRESH_DAYS)
        return self.seen >= oldest.strftime("%Y%m%d")


def hosts(client: client_.PlacementClient) -> list[Host]:
    """The hosts that have a report, by name.

    :raises PlacementError: Placement cannot be read
    """
    found = client.providers_with(codec.REPORT)
    if not found:
        return []
    listed = filter(_counts, client.trait_names(codec.PREFIX))
    traits = _by_name(client, listed, found) or _by_host(client, found)
    return [
        _host(item, traits[item.uuid])
        for item in found
        if codec.REPORT in traits[item.uuid]
    ]


def _counts(name: str) -> bool:
    return name.startswith((codec.SEEN_PREFIX, codec.CLASS_PREFIX))


def _by_name(
    client: client_.PlacementClient,
    names: Iterable[str],
    found: list[provider.Provider],
) -> dict[str, set[str]]:
    """The traits that count, a request for each; {} if that are more."""
    names = sorted(names)
    if len(names) >= len(found):
        return {}
    traits = {item.uuid: {codec.REPORT} for item in found}
    for name in names:
        for item in client.providers_with(name):
            if item.uuid in traits:
                traits[item.uuid].add(name)
    return traits


def _by_host(
    client: client_.PlacementClient, found: list[provider.Provider]
) -> dict[str, set[str]]:
    """The traits of each host; none of one that is gone meanwhile."""
    traits = {}
    for item in found:
        read = client.provider_traits(item.uuid)
        traits[item.uuid] = set(read.names) if read else set()
    return traits


def _host(item: provider.Provider, traits: set[str]) -> Host:
    return Host(
        item,
        max(codec.decode(traits).seen, default=""),
        len(list(filter(codec.class_id, traits))),
    )
