# SPDX-License-Identifier: Apache-2.0

"""Writing a report: optimistic, whole, and safe to do again at any time.

The provider's trait set is the report, so one PUT replaces it and no reader
ever sees half of one. Everything else only prepares that PUT or tidies up
after it. Whenever it is not known what Placement has done (an error of the
server, a lost answer; a lost race inside PUT traits is a 500, not a 409),
the state is read again and the decision taken anew.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import datetime
import random
import time

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import orphan
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.placement import tidy

#: how often the state is read and written before giving up
ATTEMPTS = 8
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What publishing a report changes.

    :ivar provider: the report provider
    :ivar before: its traits; None if it does not exist
    :ivar after: the traits that it has afterwards
    """

    provider: provider.Provider
    before: frozenset[str] | None
    after: frozenset[str]

    @property
    def added(self) -> frozenset[str]:
        return self.after - (self.before or frozenset())

    @property
    def removed(self) -> frozenset[str]:
        return (self.before or frozenset()) - self.after

    @property
    def any(self) -> bool:
        return self.before != self.after


def plan(
    client: client_.PlacementClient,
    node: provider.Provider,
    report: report_.Report,
    today: datetime.date,
) -> Change:
    """What ``publish`` would change; only reads."""
    target = report_provider(node)
    current = client.provider_traits(target.uuid)
    before = None if current is None else current.names
    return Change(target, before, _wanted(report, before, today))


def publish(
    client: client_.PlacementClient,
    node: provider.Provider,
    report: report_.Report,
    today: datetime.date,
    sleep: Callable[[float], None] = time.sleep,
    tries: int = ATTEMPTS,
) -> Change:
    """Make ``report`` the published report of a compute node.

    :param node: the compute node's own provider
    :param today: the day (UTC) on which the report is true
    :param sleep: waits a number of seconds between attempts
    :param tries: how often the state is read and written at most
    :returns: what has changed; nothing has been written if that is nothing
    :raises PlacementError: it cannot be done; what was published stays
    """
    target = report_provider(node)
    first: Change | None = None
    last = "the traits were refused, or somebody else wrote them, each time"
    cause: errors.Transient | None = None
    for attempt in range(tries):
        if attempt:
            sleep(_delay(attempt))
        cause = None
        try:
            current = client.provider_traits(target.uuid)
            before = None if current is None else current.names
            wanted = _wanted(report, before, today)
            first = first or Change(target, before, wanted)
            if wanted == before or _write(client, target, current, wanted):
                change = dataclasses.replace(first, after=wanted)
                tidy.after(client, change.added, change.removed, today)
                return change
        except errors.Transient as error:
            last, cause = str(error), error
            if error.retry_after:
                # It has said when; that is for the caller to wait for.
                raise
    raise errors.GaveUp(tries, last, cause)


def report_provider(node: provider.Provider) -> provider.Provider:
    """The report provider of a compute node, whether it exists or not."""
    return provider.Provider(
        uuid=provider.report_provider_uuid(node.uuid),
        name=provider.report_provider_name(node.name),
    )


def _wanted(
    report: report_.Report,
    before: frozenset[str] | None,
    today: datetime.date,
) -> frozenset[str]:
    """The traits that say that ``report`` is true today.

    Yesterday's day stays if it is there, for a scheduler whose list of
    names is from before midnight.
    """
    yesterday = codec.seen_trait(today - datetime.timedelta(days=1))
    seen = {codec.seen_trait(today)}
    if before is not None and yesterday in before:
        seen.add(yesterday)
    return codec.encode(dataclasses.replace(report, seen=frozenset())) | seen


def _write(
    client: client_.PlacementClient,
    target: provider.Provider,
    current: provider.ProviderTraits | None,
    wanted: frozenset[str],
) -> bool:
    """Write once. False: read again, something was in the way."""
    if current is None:
        created = client.create_provider(target)
        if created is not client_.Written.DONE:
            orphan.free_name(client, target)
            return False
        current = provider.ProviderTraits(0, frozenset())
    written = client.put_provider_traits(
        target.uuid, current.generation, wanted
    )
    if written is client_.Written.UNKNOWN_TRAIT:
        _create_names(client, wanted)
        written = client.put_provider_traits(
            target.uuid, current.generation, wanted
        )
    return written is client_.Written.DONE


def _create_names(
    client: client_.PlacementClient, wanted: frozenset[str]
) -> None:
    # Placement's 400 lists the names, but only as text.
    missing = wanted - client.trait_names(codec.PREFIX)
    # Definitions first: a CLASS name never exists without its definition.
    for name in sorted(missing, key=lambda name: (_is_class(name), name)):
        client.create_trait(name)


def _is_class(name: str) -> bool:
    return name.startswith(codec.CLASS_PREFIX)


def _delay(attempt: int) -> float:
    """Seconds before an attempt: doubling, with jitter, bounded."""
    longest = min(_FIRST_DELAY * 2.0 ** (attempt - 1), _LONGEST_DELAY)
    # Not a secret, only to keep hosts apart.
    return longest * random.uniform(0.5, 1.0)  # noqa: S311
