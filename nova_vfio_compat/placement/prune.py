# SPDX-License-Identifier: Apache-2.0

"""Removing what hosts have left behind.

Two things stay where nobody takes them away: the report of a host whose
compute node was deleted, and names of traits that a reporter has created
and not used, or could not delete when it left them. Each request that
touches traits makes Placement load all their names, so a fleet that lives
for years wants them gone.

It may run beside reporters. One that is about to use a name which is
deleted here is told so by Placement and creates it again.
"""

from __future__ import annotations

from collections.abc import Iterator
import datetime
import time

from nova_vfio_compat.placement import attempts
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import removal


def plan(
    client: client_.PlacementClient, today: datetime.date
) -> Iterator[removal.Step]:
    """What ``prune`` would do; only reads."""
    gone = {}
    for item in removal.reports(client).gone:
        step = removal.plan_delete(client, item)
        yield step
        if step.action is removal.Action.DELETE:
            gone[item.uuid] = item
    names = _unused(client)
    left: set[str] = set()
    for uuid in gone:
        traits = client.provider_traits(uuid)
        left.update(traits.names if traits else ())
    names |= removal.only_had_by(client, left, set(gone))
    for name in sorted(_unneeded(names, today)):
        yield removal.Step(removal.Action.DELETE, removal.Kind.TRAIT, name)


def prune(
    client: client_.PlacementClient,
    today: datetime.date,
    sleep: attempts.Sleep = time.sleep,
) -> Iterator[removal.Step]:
    """Delete reports without a compute node, and names without a user.

    :param today: the day in UTC
    :param sleep: waits a number of seconds between attempts
    :returns: what is done, as it is done
    :raises PlacementError: something cannot be done; the steps before it
        were
    """
    for item in removal.reports(client).gone:
        yield removal.delete(client, item, sleep)
    names = _unneeded(_unused(client), today)
    for step in removal.delete_names(client, names, sleep):
        # That a reporter has begun to use a name is nothing to tell.
        if step.action is removal.Action.DELETE:
            yield step


def _unused(client: client_.PlacementClient) -> set[str]:
    """The names that nobody has, without definitions that are needed.

    A host has its classes with their definitions; somebody else may have
    given a class to a provider without them.
    """
    names = client.trait_names(codec.PREFIX, unused=True)
    used = client.trait_names(codec.CLASS_PREFIX) - names
    needed = removal.definitions_of(used)
    return {name for name in names if not name.startswith(needed)}


def _unneeded(names: set[str], today: datetime.date) -> set[str]:
    """Those of the unused names that nobody will ask for.

    Schedulers ask for the report itself and for the days around today, and
    asking for a name that does not exist is an error.
    """
    days = (today + datetime.timedelta(days=offset) for offset in (-1, 0, 1))
    return names - {codec.REPORT, *map(codec.seen_trait, days)}
