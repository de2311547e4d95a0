# SPDX-License-Identifier: Apache-2.0

"""The decision on each host, from reports and allocation candidates."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any

from oslo_log import log as logging

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source
from nova_vfio_compat.scheduler import whose

LOG = logging.getLogger(__name__)

Class = device_class.DeviceClass
Outcome = codes.Outcome
Candidate = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class HostAnswer:
    """What holds for a host.

    :ivar candidates: the answer for each allocation candidate in order, or
        None if one answer holds for all of them
    """

    answer: pairing.Answer
    candidates: tuple[pairing.Answer, ...] | None = None


class Decision:
    """One request: the groups, and the hosts that have what they need."""

    def __init__(
        self,
        groups: Iterable[source.Group],
        parts: Iterable[fleet.Part],
        reports: fleet.Reports,
        providers: source.Providers,
    ) -> None:
        self._groups = list(groups)
        self._parts = list(parts)
        self._reports = reports
        self._providers = providers
        self._failed: errors.CannotDecide | None = None

    def judge(self, host: Any) -> HostAnswer:
        """Say what holds for a host.

        :param host: Nova's HostState
        """
        for group in self._groups:
            reason = pairing.immovable(group)
            if reason is not None:
                return HostAnswer(
                    pairing.Answer(Outcome.INCOMPATIBLE, (reason,))
                )
        uuid = report_uuid(host)
        mine = [part for part in self._parts if uuid in part.hosts]
        answers = []
        mixed = False
        for group in self._groups:
            found = _whole(group, mine)
            if found is None:
                mixed = True
            else:
                answers.append(found)
        whole = pairing.together(answers)
        # A class that nobody can read may be one that Nova would pick.
        undefined = any(not part.classes for part in mine)
        if whole.outcome is Outcome.INCOMPATIBLE and not undefined:
            return HostAnswer(whole)
        if not (mixed or undefined):
            return HostAnswer(whole)
        if self._failed is None:
            try:
                return self._by_candidate(host, uuid, mine)
            except errors.CannotDecide as error:
                # The other hosts are decided without asking any more.
                LOG.warning(
                    "Hosts with several classes cannot be told: %s", error
                )
                self._failed = error
        reason = pairing.Reason(Outcome.UNKNOWN, self._failed.code)
        return HostAnswer(pairing.Answer(Outcome.UNKNOWN, (reason,)))

    def explain(
        self,
        answers: dict[str, HostAnswer],
        owners: whose.Owners,
        query: whose.Query,
    ) -> dict[str, HostAnswer]:
        """Find the one reason where only "one of these" is known.

        :param answers: uuid of report provider to what was decided
        :returns: the same, with fewer reasons and the same outcomes
        :raises CannotDecide, UnknownTrait: as ``query`` does
        """
        vague = {
            uuid: [
                part for part in self._parts
                if uuid in part.hosts and part.classes
            ]
            for uuid, found in answers.items()
            if not found.answer.exact
        }
        exact: dict[str, dict[int, Class]] = {}
        for index, part in enumerate(self._parts):
            wanted = [uuid for uuid, mine in vague.items() if part in mine]
            if wanted:
                found = owners.identify(part, wanted, query)
                for uuid, one in found.items():
                    exact.setdefault(uuid, {})[index] = one
        result = dict(answers)
        for uuid, mine in vague.items():
            classes = exact.get(uuid, {})
            if len(classes) == len(mine):
                result[uuid] = HostAnswer(
                    pairing.together(
                        pairing.answer(
                            group,
                            [
                                [one] for one in classes.values()
                                if group.concerns(one)
                            ],
                        )
                        for group in self._groups
                    )
                )
        return result

    def _by_candidate(
        self, host: Any, uuid: str, mine: list[fleet.Part]
    ) -> HostAnswer:
        """The slow way, for hosts where it depends on the device."""
        report = self._reports.read(uuid, mine[0].hosts[uuid])
        wanted = {
            rp
            for candidate in host.allocation_candidates
            for rp in candidate["allocations"]
        }
        self._providers.learn(host.uuid, wanted)
        found = tuple(
            pairing.together(
                pairing.answer(group, self._picked(group, candidate, report))
                for group in self._groups
            )
            for candidate in host.allocation_candidates
        )
        outcome = pairing.best(item.outcome for item in found)
        reasons: dict[pairing.Reason, None] = {}
        for item in found:
            if item.outcome is outcome:
                reasons.update(dict.fromkeys(item.reasons))
        return HostAnswer(pairing.Answer(outcome, tuple(reasons)), found)

    def _picked(
        self, group: source.Group, candidate: Candidate, report: Any
    ) -> list[list[Class]] | None:
        """For each of the candidate's devices, what it may be of."""
        devices = [
            self._providers.device(uuid)
            for uuid in _providers(group, candidate)
        ]
        if not devices:
            # Placement does not track them: Nova takes any on the host.
            named = frozenset().union(*report.devices.values())
            if not named <= report.classes.keys():
                return None
            return [
                [one] for one in report.classes.values()
                if group.concerns(one)
            ]
        found = []
        for device in devices:
            classes = _of_device(group, device, report)
            if not classes:
                return None
            found.append(classes)
        return found


def report_uuid(host: Any) -> str:
    """The uuid of the host's report provider."""
    return provider.report_provider_uuid(host.uuid) if host.uuid else ""


def _whole(
    group: source.Group, mine: list[fleet.Part]
) -> pairing.Answer | None:
    """What holds for a group whatever device is picked, if it is one."""
    classes = [
        one for part in mine for one in part.classes if group.concerns(one)
    ]
    singles = [pairing.answer(group, [[one]]) for one in classes]
    if not singles:
        return pairing.answer(group, None)
    if len({item.outcome for item in singles}) > 1:
        return None
    # One class that does not fit every source may still fit some of them.
    kinds = {
        pairing.single(one, other).outcome
        for one in group.classes
        for other in classes
    }
    if len(classes) > 1 and len(kinds) > 1:
        return None
    whole = pairing.together(singles)
    # Which of a part's classes the host has is not known.
    exact = all(len(part.classes) == 1 for part in mine)
    return dataclasses.replace(whole, exact=exact or not whole.reasons)


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
