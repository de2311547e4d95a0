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


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Classes that say the same of every group, and who has one of them.

    :ivar classes: empty where all that is known is that there is a class
    :ivar hosts: uuid of report provider to its generation
    """

    classes: tuple[Class, ...]
    hosts: Mapping[str, int]


def parts(
    groups: Iterable[source.Group], known: names.Known
) -> list[Part]:
    """The fresh reports, by the classes in them that matter.

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
    found = [
        Part(
            tuple(members),
            hosts_with((one.id for one in members), known.fresh),
        )
        for members in by_says.values()
    ]
    if known.undefined:
        found.append(Part((), hosts_with(known.undefined, known.fresh)))
    return found


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
