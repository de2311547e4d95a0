# SPDX-License-Identifier: Apache-2.0

"""Hosts where it depends on the device: each allocation candidate's answer."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source

Class = device_class.DeviceClass
Candidate = dict[str, Any]
#: for each device the classes that it may be of; None if one is not known
Picked = tuple[tuple[Class, ...], ...] | None


class Candidates:
    """The slow way: looks at the devices that Placement offers."""

    def __init__(
        self,
        groups: Sequence[source.Group],
        reports: fleet.Reports,
        providers: source.Providers,
    ) -> None:
        self._groups = groups
        self._reports = reports
        self._providers = providers
        # Hosts are many, the sets of classes to choose from are few.
        self._by_picked: dict[tuple[Picked, ...], pairing.Answer] = {}

    def judge(
        self, host: Any, uuid: str, generation: int
    ) -> tuple[pairing.Answer, tuple[pairing.Answer, ...]]:
        """What holds for a host, and for each of its candidates in order.

        :param host: Nova's HostState
        :param uuid: of its report provider, which is at this generation
        :raises CannotDecide: Placement does not answer
        """
        report = self._reports.read(uuid, generation)
        wanted = {
            rp
            for candidate in host.allocation_candidates
            for rp in candidate["allocations"]
        }
        names = self._names(host, wanted)
        found = tuple(
            self._of_picked(
                tuple(
                    self._picked(group, candidate, report, names)
                    for group in self._groups
                )
            )
            for candidate in host.allocation_candidates
        )
        outcome = pairing.best(item.outcome for item in found)
        reasons: dict[pairing.Reason, None] = {}
        for item in found:
            if item.outcome is outcome:
                reasons.update(dict.fromkeys(item.reasons))
        return pairing.Answer(outcome, tuple(reasons)), found

    def _names(
        self, host: Any, wanted: set[str]
    ) -> Mapping[str, str | None]:
        """What the report calls the devices that providers stand for."""
        found = _pools(host)
        if not wanted <= found.keys():
            self._providers.learn(host.uuid, wanted)
            found = {uuid: self._providers.device(uuid) for uuid in wanted}
        return found

    def _of_picked(self, picked: tuple[Picked, ...]) -> pairing.Answer:
        """What holds if Nova picks these devices for the groups."""
        if picked not in self._by_picked:
            self._by_picked[picked] = pairing.together(
                pairing.answer(group, devices)
                for group, devices in zip(self._groups, picked, strict=True)
            )
        return self._by_picked[picked]

    def _picked(
        self,
        group: source.Group,
        candidate: Candidate,
        report: Any,
        names: Mapping[str, str | None],
    ) -> Picked:
        """For each of the candidate's devices, what it may be of."""
        devices = [names.get(uuid) for uuid in _providers(group, candidate)]
        if not devices:
            # Placement does not track them: Nova takes any on the host.
            named = frozenset().union(*report.devices.values())
            if not named <= report.classes.keys():
                return None
            return tuple(
                (one,) for one in report.classes.values()
                if group.concerns(one)
            )
        found = []
        for device in devices:
            classes = _of_device(group, device, report)
            if not classes:
                return None
            found.append(tuple(classes))
        return tuple(found)


def _pools(host: Any) -> dict[str, str | None]:
    """The devices of the providers that Nova's own record has.

    A provider's device never changes, so this saves asking for its name.
    """
    pools = getattr(getattr(host, "pci_stats", None), "pools", None) or ()
    found: dict[str, str | None] = {host.uuid: None}
    for pool in pools:
        uuid, address = pool.get("rp_uuid"), pool.get("address")
        if uuid and address:
            found[uuid] = codec.device_trait_name(f"pci_{address}")
    return found


def _providers(group: source.Group, candidate: Candidate) -> list[str]:
    """The providers that a candidate takes the group's devices from."""
    if group.request is None:
        return [
            uuid
            for uuid, item in candidate["allocations"].items()
            if not group.resources.isdisjoint(item["resources"])
        ]
    found: dict[str, None] = {}
    for name, uuids in candidate.get("mappings", {}).items():
        if name.rpartition("-")[0] == group.request:
            found.update(dict.fromkeys(uuids))
    return list(found)


def _of_device(
    group: source.Group, device: str | None, report: report_.Report
) -> list[Class]:
    """The classes of a device that Nova could hand out for the group."""
    ids = report.devices.get(device, frozenset()) if device else frozenset()
    if not ids <= report.classes.keys():
        return []
    return [
        report.classes[key] for key in sorted(ids)
        if group.concerns(report.classes[key])
    ]
