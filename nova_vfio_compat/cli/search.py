# SPDX-License-Identifier: Apache-2.0

"""Where one server can go, host by host."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import datetime

from nova_vfio_compat.cli import cloud as cloud_
from nova_vfio_compat.cli import holdings
from nova_vfio_compat.cli import landing
from nova_vfio_compat.cli import published
from nova_vfio_compat.compat import codes
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import report as report_

_WORDS = {
    codes.Outcome.COMPATIBLE: "yes",
    codes.Outcome.UNKNOWN: "unknown",
    codes.Outcome.CONDITIONAL: "no",
    codes.Outcome.INCOMPATIBLE: "no",
}
_NO_ROOM = (
    "no_candidate: Placement has no room for the server there, or no free "
    "device of its resource classes"
)


class Search:
    """Where one server can go.

    :ivar notes: sentences on what could not be known
    """

    def __init__(
        self,
        client: published.Client,
        cloud: cloud_.Cloud,
        relax: frozenset[str] = frozenset(),
    ) -> None:
        self._client = client
        self._cloud = cloud
        self._relax = relax
        self.notes: list[str] = []

    def rows(
        self, wanted: str, today: datetime.date
    ) -> Iterator[tuple[str, ...]]:
        """A row for each compute node but the server's own.

        :raises CloudError, PlacementError: somebody does not answer
        """
        server = self._cloud.server(wanted)
        fleet = published.read(self._client, today)
        own = {item.name: item for item in fleet.hosts}.get(server.node)
        if own is None:
            raise errors.NoReport(server.node)
        held = self._cloud.allocations(server.uuid)
        names = self._cloud.names()
        source = published.report(self._client, server.node)
        devices = [
            item
            for item in holdings.devices(server.node, held, names, source)
            # Those of Neutron's ports are unplugged and plugged again.
            if item.bus != "pci" or server.aliases
        ]
        groups = holdings.groups(devices)
        groups += self._untracked(server, devices, source)
        if not groups:
            self.notes.append(
                f"server {server.name or server.uuid} has no VFIO device "
                "that moves state: nothing is filtered."
            )
        room: dict[str, list[cloud_.Candidate]] = {}
        for one in self._room(devices, held):
            uuid = provider.report_provider_uuid(one.root)
            room.setdefault(uuid, []).append(one)
        stays = landing.staying(groups) if groups else None
        if groups and not own.fresh:
            self.notes.append(
                f"the report of {server.node}, where the server is, is too "
                "old, and the scheduler does not believe it: see why "
                "nova-vfio-compat-reporter does not publish there."
            )
            stays = landing.unknown(codes.Code.STALE_REPORT)
        for host in fleet.hosts:
            if host.name == server.node:
                continue
            answer, where = self._answer(
                host, room.get(host.uuid, []), groups, devices, names
            )
            if groups and room.get(host.uuid) and stays:
                answer = stays
            yield self._row(host.name, answer, where)
        for name in fleet.missing:
            if name != server.node:
                yield self._row(
                    name,
                    stays or landing.unknown(codes.Code.NO_REPORT), (),
                )

    def _row(
        self, host: str, answer: landing.Answer, where: Sequence[str]
    ) -> tuple[str, ...]:
        word = _WORDS[answer.outcome]
        return (
            host, word,
            ", ".join(where) if word != "no" else "",
            "; ".join(answer.reasons),
        )

    def _answer(
        self,
        host: published.Host,
        room: list[cloud_.Candidate],
        groups: list[landing.Group],
        devices: list[holdings.Device],
        names: dict[str, str],
    ) -> tuple[landing.Answer, tuple[str, ...]]:
        """What holds for a host, and where the devices would land."""
        if not room:
            return landing.Answer(
                codes.Outcome.INCOMPATIBLE, (_NO_ROOM,)
            ), ()
        if not groups:
            return landing.Answer(codes.Outcome.COMPATIBLE), ()
        if not host.fresh:
            return landing.unknown(codes.Code.STALE_REPORT), ()
        report = published.report_at(self._client, host.uuid)
        if report is None:
            # Withdrawn while this runs.
            return landing.unknown(codes.Code.NO_REPORT), ()
        tracked = len(holdings.groups(devices))
        found: dict[tuple[str, ...], landing.Answer] = {}
        for one in room:
            picked = holdings.picked(host.name, one, devices, names)
            answers = [
                self._tracked_answer(group, report, taken)
                for group, taken in zip(
                    groups[:tracked], picked, strict=True
                )
            ]
            answers += [
                self._untracked_answer(group, report)
                for group in groups[tracked:]
            ]
            key = tuple(sorted({
                name.lower() for taken in picked for name in taken
            }))
            found[key] = landing.together(answers)
        answer = landing.best(found.values())
        where = sorted({
            " + ".join(key) for key, one in found.items()
            if one.outcome is answer.outcome and key
        })
        return answer, tuple(where)

    def _tracked_answer(
        self,
        group: landing.Group,
        report: report_.Report,
        names: list[str],
    ) -> landing.Answer:
        """What holds if Nova takes these devices of a host."""
        devices = [
            holdings.classes(report, name, group.bus) for name in names
        ]
        if not all(devices):
            return landing.unknown(codes.Code.DEVICE_NOT_REPORTED)
        return landing.answer(group, devices, self._relax)

    def _untracked(
        self,
        server: cloud_.Server,
        devices: list[holdings.Device],
        source: report_.Report,
    ) -> list[landing.Group]:
        """PCI devices of which Placement knows nothing."""
        asked = sum(server.aliases.values())
        held = sum(
            sum(item.resources.values())
            for item in devices if item.bus == "pci"
        )
        if asked <= held:
            return []
        classes = tuple(
            source.classes[key] for key in sorted(source.classes)
            if source.classes[key].bus == "pci"
        )
        self.notes.append(
            f"Placement does not track {asked - held} of the server's PCI "
            "devices ([pci] report_in_placement), so each of the host's "
            "that could be meant has to fit; which is free is not known."
        )
        return [
            landing.Group("pci", classes, asked - held, sure=False)
        ]

    def _untracked_answer(
        self, group: landing.Group, report: report_.Report
    ) -> landing.Answer:
        """What holds where Nova may take any function of the host.

        An alias means products, so only those of the source's count.
        """
        known = [
            landing.answer(
                landing.Group("pci", (one,)),
                [
                    (other,) for other in report.classes.values()
                    if other.bus == "pci"
                    and holdings.product(one) == holdings.product(other)
                ],
                self._relax,
            )
            for one in group.classes
        ]
        return landing.any_of(known)

    def _room(
        self,
        devices: list[holdings.Device],
        held: dict[str, dict[str, int]],
    ) -> list[cloud_.Candidate]:
        """The allocation candidates for what the server holds."""
        functions = {
            name
            for item in devices if item.bus == "pci"
            for name in item.resources
        }
        whole: dict[str, int] = {}
        single: list[tuple[str, str]] = []
        for resources in held.values():
            for name, amount in resources.items():
                if name in functions:
                    # Nova asks for each in a group of its own.
                    single += [
                        (f"resources_{name}-{len(single) + number}",
                         f"{name}:1")
                        for number in range(amount)
                    ]
                else:
                    whole[name] = whole.get(name, 0) + amount
        query = [(
            "resources",
            ",".join(f"{name}:{amount}" for name, amount in whole.items()),
        )] if whole else []
        query += single
        if len(single) > 1:
            query.append(("group_policy", "none"))
        return self._cloud.candidates(query) if query else []
