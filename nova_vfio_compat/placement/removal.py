# SPDX-License-Identifier: Apache-2.0

"""What withdrawing and pruning share: steps, and how one is taken.

One rule stands above all of them: **a report provider is deleted only when
its compute node is gone**. Schedulers remember reports by provider and
generation, and a provider that is made anew counts from 0 again, so a
deleted and re-created one could be taken for the report that it had before.
The report of a living node is withdrawn by taking its traits away, which
moves the generation on.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import enum
import functools

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import orphan
from nova_vfio_compat.placement import provider


class Action(enum.Enum):
    """What becomes of something."""

    #: a report provider loses its traits and stays
    EMPTY = "empty"
    DELETE = "delete"
    KEEP = "keep"


class Kind(enum.Enum):
    """What it is."""

    REPORT = "report"
    TRAIT = "trait"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """Something that was done, or would be.

    :ivar name: of the host whose report it is, or of the trait
    :ivar detail: why, where that is not obvious
    """

    action: Action
    kind: Kind
    name: str
    detail: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Reports:
    """The report providers of a fleet, each in the order of their names.

    :ivar living: those whose compute node Placement has
    :ivar gone: the others
    """

    living: tuple[provider.Provider, ...]
    gone: tuple[provider.Provider, ...]


def reports(client: client_.PlacementClient) -> Reports:
    """Which report providers there are, also empty ones; one request.

    :raises PlacementError: Placement cannot be read
    """
    found = client.providers()
    nodes = {provider.report_provider_uuid(item.uuid) for item in found}
    ours = sorted(
        (
            item for item in found
            if item.name.startswith(provider.NAME_PREFIX)
        ),
        key=lambda item: item.name,
    )
    return Reports(
        tuple(item for item in ours if item.uuid in nodes),
        tuple(item for item in ours if item.uuid not in nodes),
    )


def host(item: provider.Provider) -> str:
    """The name of the host whose report provider this is."""
    return provider.hypervisor_hostname(item.name)


def empty(
    client: client_.PlacementClient,
    item: provider.Provider,
    sleep: attempts.Sleep,
) -> frozenset[str]:
    """Take our traits away from a provider, all at once.

    :returns: the traits that it had; none if it is not there
    :raises PlacementError: it cannot be done; what was published stays
    """
    removed: frozenset[str] = frozenset()
    last = "somebody else wrote the traits each time"
    for _ in attempts.attempts(sleep):
        try:
            current = client.provider_traits(item.uuid)
            if current is None:
                return removed
            ours = frozenset(filter(_is_ours, current.names))
            # After a lost answer they may be gone already.
            removed |= ours
            if not ours or client.put_provider_traits(
                item.uuid, current.generation, current.names - ours
            ) is client_.Written.DONE:
                return removed
        except errors.Transient as error:
            last = str(error)
            attempts.leave_alone(error, sleep)
    raise errors.GaveUp(attempts.ATTEMPTS, last)


def plan_delete(
    client: client_.PlacementClient, item: provider.Provider
) -> Step:
    """What ``delete`` would do; only reads."""
    reason = orphan.why_not_ours(client, item)
    if reason is None:
        return Step(Action.DELETE, Kind.REPORT, host(item))
    return Step(Action.KEEP, Kind.REPORT, host(item), reason)


def delete(
    client: client_.PlacementClient,
    item: provider.Provider,
    sleep: attempts.Sleep,
) -> Step:
    """Delete the report provider of a compute node that is gone.

    :raises PlacementError: it is not known whether that was done
    """

    def step() -> Step:
        reason = orphan.why_not_ours(client, item)
        if reason is None and _came_back(client, item):
            reason = "its compute node came back"
        if reason is None:
            done = client.delete_provider(item.uuid)
            if done is client_.Written.DONE:
                return Step(Action.DELETE, Kind.REPORT, host(item))
            reason = "it is in use"
        return Step(Action.KEEP, Kind.REPORT, host(item), reason)

    return attempts.insist(step, sleep)


def delete_names(
    client: client_.PlacementClient,
    names: Iterable[str],
    sleep: attempts.Sleep,
) -> Iterator[Step]:
    """Delete those of these names of traits that nobody has.

    A class goes before its definition, and a class that stays keeps it: no
    provider has a class without its definition at any time.

    :raises PlacementError: it is not known whether the next was deleted
    """
    in_use: list[str] = []
    # In the order of their names CLASS comes before DEF.
    for name in sorted(names):
        if not _is_ours(name) or name.startswith(tuple(in_use)):
            continue
        done = attempts.insist(
            functools.partial(client.delete_trait, name), sleep
        )
        if done is client_.Written.DONE:
            yield Step(Action.DELETE, Kind.TRAIT, name)
            continue
        yield Step(Action.KEEP, Kind.TRAIT, name, "a provider has it")
        in_use += definitions_of([name])


def only_had_by(
    client: client_.PlacementClient, names: Iterable[str], uuids: set[str]
) -> set[str]:
    """Those of some names that only these providers have; only reads."""
    return {
        name for name in names
        if {item.uuid for item in client.providers_with(name)} <= uuids
    }


def definitions_of(names: Iterable[str]) -> tuple[str, ...]:
    """What the definitions of the classes among some names start with."""
    return tuple(
        map(codec.definition_prefix, filter(None, map(codec.class_id, names)))
    )


def _is_ours(name: str) -> bool:
    return name.startswith(codec.PREFIX)


def _came_back(
    client: client_.PlacementClient, item: provider.Provider
) -> bool:
    """Whether the node is there again, a moment before deletion."""
    node = client.provider_by_name(host(item))
    if node is not None:
        return provider.report_provider_uuid(node.uuid) == item.uuid
    # A name that was too long has been cut: look at all of them.
    return len(item.name) >= provider.MAX_NAME and (
        item.uuid in {found.uuid for found in reports(client).living}
    )
