# SPDX-License-Identifier: Apache-2.0

"""Taking back what was published: by one host, or by all.

A host whose report is withdrawn is one of which nothing is known; what
that means is up to ``[vfio_compat] unknown``.
"""

from __future__ import annotations

from collections.abc import Iterator
import time

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import removal

_STAYS = "the provider stays, without traits, while its compute node exists"


def plan_one(
    client: client_.PlacementClient, node: provider.Provider
) -> Iterator[removal.Step]:
    """What ``one`` would do; only reads."""
    target = publish.report_provider(node)
    current = client.provider_traits(target.uuid)
    names = {
        name for name in (current.names if current else ())
        if name.startswith(codec.PREFIX)
    }
    if names:
        yield _emptied(target)
    for name in sorted(
        removal.only_had_by(client, names - {codec.REPORT}, {target.uuid})
    ):
        yield _deleted(name)


def one(
    client: client_.PlacementClient,
    node: provider.Provider,
    sleep: attempts.Sleep = time.sleep,
) -> Iterator[removal.Step]:
    """Withdraw the report of a compute node.

    Its provider stays, without traits. Names of traits that nobody else
    has are deleted.

    :param sleep: waits a number of seconds between attempts
    :returns: what is done, as it is done
    :raises PlacementError: something cannot be done; the steps before it
        were
    """
    target = publish.report_provider(node)
    names = removal.empty(client, target, sleep)
    if names:
        yield _emptied(target)
    for step in removal.delete_names(client, names - {codec.REPORT}, sleep):
        # That other hosts have a class too is nothing to tell.
        if step.action is removal.Action.DELETE:
            yield step


def plan_all(client: client_.PlacementClient) -> Iterator[removal.Step]:
    """What ``everything`` would do; only reads.

    A name that a provider of somebody else has is listed nevertheless.
    """
    found = removal.reports(client)
    full = {item.uuid for item in client.providers_with(codec.REPORT)}
    for item in found.living:
        if item.uuid in full:
            yield _emptied(item)
    for item in found.gone:
        yield removal.plan_delete(client, item)
    for name in sorted(client.trait_names(codec.PREFIX)):
        yield _deleted(name)


def everything(
    client: client_.PlacementClient, sleep: attempts.Sleep = time.sleep
) -> Iterator[removal.Step]:
    """Withdraw every report of the fleet, to uninstall the project.

    What stays is an empty provider per living compute node.

    :param sleep: waits a number of seconds between attempts
    :returns: what is done, as it is done
    :raises PlacementError: something cannot be done; the steps before it
        were
    """
    found = removal.reports(client)
    for item in found.living:
        if removal.empty(client, item, sleep):
            yield _emptied(item)
    for item in found.gone:
        yield removal.delete(client, item, sleep)
    yield from removal.delete_names(
        client, client.trait_names(codec.PREFIX), sleep
    )


def _emptied(item: provider.Provider) -> removal.Step:
    return removal.Step(
        removal.Action.EMPTY, removal.Kind.REPORT, removal.host(item), _STAYS
    )


def _deleted(name: str) -> removal.Step:
    return removal.Step(removal.Action.DELETE, removal.Kind.TRAIT, name)
