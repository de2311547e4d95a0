# SPDX-License-Identifier: Apache-2.0

"""The decision on each host, from reports and allocation candidates."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import functools
from typing import Any

from oslo_log import log as logging

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import provider
from nova_vfio_compat.scheduler import candidates
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import source
from nova_vfio_compat.scheduler import whose

LOG = logging.getLogger(__name__)

Class = device_class.DeviceClass
Outcome = codes.Outcome


@dataclasses.dataclass(frozen=True, slots=True)
class HostAnswer:
    """What holds for a host.

    :ivar candidates: the answer for each allocation candidate in order, or
        None if one answer holds for all of them
    """

    answer: pairing.Answer
    candidates: tuple[pairing.Answer, ...] | None = None


class Decision:
    """One request: the groups, and the hosts that have what they need.

    :param amount: how many VFIO devices the instance has
    """

    def __init__(
        self,
        groups: Iterable[source.Group],
        parts: Iterable[fleet.Part],
        reports: fleet.Reports,
        providers: source.Providers,
        amount: int = 1,
    ) -> None:
        self._groups = list(groups)
        # What keeps the devices on their host, wherever they would go.
        staying = next(
            filter(None, map(pairing.immovable, self._groups)), None
        ) or pairing.crowded(self._groups, amount)
        self._staying = None if staying is None else HostAnswer(
            pairing.Answer(staying.outcome, (staying,))
        )
        self._parts = list(parts)
        self._candidates = candidates.Candidates(
            self._groups, reports, providers
        )
        self._failed: errors.CannotDecide | None = None
        # Hosts are many, the sets of parts that they are in are few.
        self._by_parts: dict[tuple[int, ...], HostAnswer | None] = {}

    def judge(self, host: Any) -> HostAnswer:
        """Say what holds for a host.

        :param host: Nova's HostState
        """
        if self._staying is not None:
            return self._staying
        uuid = report_uuid(host)
        key = tuple(
            index for index, part in enumerate(self._parts)
            if uuid in part.hosts
        )
        if key not in self._by_parts:
            self._by_parts[key] = self._by_report(
                [self._parts[index] for index in key]
            )
        found = self._by_parts[key]
        if found is not None:
            return found
        mine = [self._parts[index] for index in key]
        if self._failed is None:
            try:
                return HostAnswer(
                    *self._candidates.judge(host, uuid, mine[0].hosts[uuid])
                )
            except errors.CannotDecide as error:
                # The other hosts are decided without asking any more.
                LOG.warning(
                    "Hosts with several classes cannot be told: %s", error
                )
                self._failed = error
        reason = pairing.Reason(Outcome.UNKNOWN, self._failed.code)
        return HostAnswer(pairing.Answer(Outcome.UNKNOWN, (reason,)))

    def _by_report(self, mine: list[fleet.Part]) -> HostAnswer | None:
        """What holds for every host in just these parts.

        :returns: None if it depends on the device
        """
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
        if undefined:
            return None
        if mixed and whole.outcome is not Outcome.INCOMPATIBLE:
            return None
        return HostAnswer(whole)

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
        made: dict[tuple[Class, ...], HostAnswer] = {}
        for uuid, mine in vague.items():
            classes = tuple(exact.get(uuid, {}).values())
            if len(classes) == len(mine):
                if classes not in made:
                    made[classes] = self._all_of(classes)
                result[uuid] = made[classes]
        return result

    def _all_of(self, classes: Iterable[Class]) -> HostAnswer:
        """What holds for a host with devices of all these classes."""
        return HostAnswer(
            pairing.together(
                pairing.answer(
                    group, [[one] for one in classes if group.concerns(one)]
                )
                for group in self._groups
            )
        )


def report_uuid(host: Any) -> str:
    """The uuid of the host's report provider."""
    return _report_uuid(host.uuid) if host.uuid else ""


# Asked for every host of every decision.
_report_uuid = functools.lru_cache(maxsize=65536)(
    provider.report_provider_uuid
)


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
        pairing.single(one, other, group.relax).outcome
        for one in group.classes
        for other in classes
    }
    if len(classes) > 1 and len(kinds) > 1:
        return None
    whole = pairing.together(singles)
    # Which of a part's classes the host has is not known.
    exact = all(len(part.classes) == 1 for part in mine)
    return dataclasses.replace(whole, exact=exact or not whole.reasons)
