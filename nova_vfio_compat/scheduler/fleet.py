# SPDX-License-Identifier: Apache-2.0

"""Which hosts have which devices: a few queries for the whole fleet."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import threading

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.scheduler import api
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import names
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source

Class = device_class.DeviceClass
#: lists of ids of classes
_Ids = tuple[tuple[str, ...], ...]
#: uuid of report provider to its generation
_Hosts = Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Classes that say the same of every group, and who has one of them.

    :ivar classes: empty where all that is known is that there is a class
    :ivar hosts: uuid of report provider to its generation
    """

    classes: tuple[Class, ...]
    hosts: Mapping[str, int]


def parts(
    groups: Iterable[source.Group],
    known: names.Known,
    members: Members | None = None,
) -> list[Part]:
    """The fresh reports, by the classes in them that matter.

    :param members: what is remembered of earlier decisions
    :raises UnknownTrait: a name was deleted meanwhile
    :raises CannotDecide: Placement does not answer
    """
    groups = list(groups)
    relevant = sorted(
        (
            one for one in known.classes.values()
            if any(group.concerns(one) for group in groups)
        ),
        key=lambda one: one.id,
    )
    if not known.fresh:
        return []
    by_says: dict[object, list[Class]] = {}
    for one in relevant:
        by_says.setdefault(_says(groups, one), []).append(one)
    alike = [tuple(found) for found in by_says.values()]
    ids = [tuple(one.id for one in found) for found in alike]
    if known.undefined:
        alike.append(())
        ids.append(tuple(sorted(known.undefined)))
    hosts = (members or Members()).hosts(tuple(ids), known.fresh)
    return list(map(Part, alike, hosts))


class Members:
    """Which reports have one of some classes.

    A fleet with a few dozen classes is asked in two requests, every time.
    More classes do not fit into so few, so there the answer is remembered:
    one request tells which reports have changed since.
    """

    #: requests beyond which it pays
    _FEW = 2
    _MAX = 16

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[_Ids, tuple[_Hosts, list[frozenset[str]]]] = {}

    def hosts(self, ids: _Ids, fresh: frozenset[str]) -> list[_Hosts]:
        """For each list of ids the fresh reports with one of these classes.

        :raises CannotDecide, UnknownTrait: as ``hosts_with`` does
        """
        requests = sum(-(-len(some) // api.BATCH) for some in ids)
        if requests <= self._FEW:
            return [hosts_with(some, fresh) for some in ids]
        # Read first: a report that changes while it is looked at is kept
        # under its older generation, so the next decision looks again.
        now = api.report_providers([codec.REPORT], fresh)
        with self._lock:
            before, found = self._known.get(ids, ({}, []))
        changed = [
            uuid for uuid, generation in now.items()
            if before.get(uuid) != generation
        ]
        if not found or len(changed) > requests:
            found = [frozenset(hosts_with(some, fresh)) for some in ids]
        elif changed:
            found = _moved(ids, found, changed)
        with self._lock:
            if len(self._known) > self._MAX:
                self._known.clear()
            self._known[ids] = now, found
        return [
            {uuid: now[uuid] for uuid in has if uuid in now} for has in found
        ]


def _moved(
    ids: _Ids, found: list[frozenset[str]], changed: list[str]
) -> list[frozenset[str]]:
    """The same after some reports have changed: these are read again."""
    has = {
        uuid: set(map(codec.class_id, api.provider_traits(uuid)))
        for uuid in changed
    }
    return [
        known.difference(changed).union(
            uuid for uuid in changed if not has[uuid].isdisjoint(some)
        )
        for some, known in zip(ids, found, strict=True)
    ]


def hosts_with(ids: Iterable[str], fresh: frozenset[str]) -> dict[str, int]:
    """The fresh reports with one of these classes, and their generations."""
    return api.report_providers(map(codec.class_trait, ids), fresh)


def _says(
    groups: Iterable[source.Group], one: Class
) -> tuple[codes.Outcome | None, ...]:
    return tuple(
        pairing.answer(group, [[one]]).outcome if group.concerns(one) else None
        for group in groups
    )


class Reports:
    """Reports of single hosts, each read once per generation."""

    _MAX = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, report_.Report]] = {}

    def read(self, uuid: str, generation: int) -> report_.Report:
        """The report of a provider that is at this generation.

        A provider that is deleted and made again counts from 0, so nothing
        of ours deletes one whose compute node is alive: a report is
        withdrawn by taking its traits away.

        :raises CannotDecide: Placement does not answer
        """
        with self._lock:
            known = self._known.get(uuid)
        if known is not None and known[0] == generation:
            return known[1]
        read = codec.decode(api.provider_traits(uuid))
        with self._lock:
            if len(self._known) > self._MAX:
                self._known.clear()
            # Keyed by the older generation: if the report changed between
            # the two reads, the next decision reads it once more.
            self._known[uuid] = (generation, read)
        return read


def why_unknown(
    wanted: Iterable[str], fresh: frozenset[str]
) -> dict[str, codes.Code]:
    """Why nothing is known of these hosts' devices.

    :param wanted: uuids of report providers
    :returns: a code for each
    """
    try:
        reported = api.report_providers([codec.REPORT])
        renewed = api.report_providers(fresh) if fresh else {}
    except errors.UnknownTrait:
        reported, renewed = {}, {}
    return {
        uuid: (
            codes.Code.NO_REPORT if uuid not in reported
            else codes.Code.STALE_REPORT if uuid not in renewed
            else codes.Code.DEVICE_NOT_REPORTED
        )
        for uuid in wanted
    }
