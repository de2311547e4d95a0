# SPDX-License-Identifier: Apache-2.0

"""Whether a destination can load what a source writes.

The destination's ``accepts`` must admit the source's ``state``: direction
matters. The proposals contradict each other on who owns the list; their
own example only works this way round (Yan Zhao, 29 Jul 2020).
"""

from __future__ import annotations

from collections.abc import Mapping

from nova_vfio_compat.compat import admission
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import settings
from nova_vfio_compat.compat import unify
from nova_vfio_compat.compat import verdict

Code = codes.Code
Outcome = codes.Outcome


def judge(
    source: device_class.DeviceClass,
    destination: device_class.DeviceClass,
    relax: frozenset[str] = frozenset(),
) -> verdict.Verdict:
    """Say whether ``destination`` can load the state of ``source``.

    :param relax: ``family:attribute`` of what is left out of every
        comparison; ``family:exposed:attribute`` for what the guest sees
    :returns: a verdict that depends on nothing but the arguments
    """
    return _Pair(source, destination, relax).decide()


class _Pair:
    """A source and a destination class, and what is not compared."""

    def __init__(
        self,
        source: device_class.DeviceClass,
        destination: device_class.DeviceClass,
        relax: frozenset[str],
    ) -> None:
        self.source = source
        self.destination = destination
        # An attribute that is younger than the other side's vocabulary
        # cannot be known there: a rolling upgrade must split no fleet.
        younger = {
            name
            for one, other in (
                (source, destination), (destination, source)
            )
            for name, since in one.since.items()
            if one.family == other.family and since > other.vocabulary
        }
        prefix = f"{destination.family}:"
        relaxed = {
            item.removeprefix(prefix)
            for item in relax
            if item.startswith(prefix)
        }
        self.skip = frozenset(younger | relaxed)
        self.unverified = {
            *source.unverified, *destination.unverified, *self.skip
        }
        #: how many alternatives were looked at
        self.tried = 0
        #: the side that does not tell all that the guest sees of it
        self.one_sided: str | None = None

    def decide(self) -> verdict.Verdict:
        source, destination = self.source, self.destination
        if source.bus != destination.bus:
            return self._result(Outcome.INCOMPATIBLE, code=Code.BUS_DIFFERS)
        exposed = self._exposed()
        silent = self._silent()
        # What is sure decides "no" even where the rest is not known; what
        # differs in sight of the guest is sure.
        if silent:
            side, reason = silent[0]
            if exposed or not reason.is_unknown:
                return self._result(
                    Outcome.INCOMPATIBLE, exposed, reason, side
                )
            return self._result(Outcome.UNKNOWN, code=reason, side=side)
        if source == destination:
            return self._result(Outcome.COMPATIBLE)
        return self._by_state(exposed)

    def _by_state(self, exposed: list[verdict.Mismatch]) -> verdict.Verdict:
        source, destination = self.source, self.destination
        tried = [self._mismatches(items) for items in destination.accepts]
        self.tried = len(tried)
        closest = min(
            (found for found in tried if found is not None),
            key=len,
            default=None,
        )
        # One alternative that is answered with yes is enough.
        if closest != [] and None in tried and not exposed:
            return self._result(
                Outcome.UNKNOWN, code=Code.TOO_COMPLEX, side="destination"
            )
        doubtful = [found for found in tried if found and self._opaque(found)]
        if closest and doubtful and not exposed:
            return self._result(
                Outcome.UNKNOWN,
                min(doubtful, key=len),
                Code.OPAQUE_DIFFERS,
            )
        unseen = [found for found in tried if found and self._unseen(found)]
        if closest and unseen and not exposed:
            return self._result(
                Outcome.UNKNOWN,
                min(unseen, key=len),
                Code.MISSING_ATTRIBUTE,
                "source" if self._lacks(source, unseen[0]) else "destination",
            )
        to_set = self._to_set() if closest and not exposed else None
        if exposed or (closest and to_set is None):
            return self._result(
                Outcome.INCOMPATIBLE, [*exposed, *(closest or ())]
            )
        if self.one_sided:
            return self._result(
                Outcome.UNKNOWN,
                code=Code.MISSING_ATTRIBUTE,
                side=self.one_sided,
            )
        if source.family != destination.family:
            return self._result(
                Outcome.UNKNOWN, code=Code.FAMILIES_DIFFER
            )
        if to_set is not None:
            return self._result(
                Outcome.CONDITIONAL, closest, to_set=to_set
            )
        return self._result(Outcome.COMPATIBLE)

    def _result(
        self,
        outcome: codes.Outcome,
        mismatches: list[verdict.Mismatch] | None = None,
        code: codes.Code | None = None,
        side: str | None = None,
        to_set: Mapping[str, str] | None = None,
    ) -> verdict.Verdict:
        return verdict.Verdict(
            outcome,
            min(
                self.source.evidence,
                self.destination.evidence,
                key=lambda evidence: evidence.strength,
            ),
            tuple(mismatches or ()),
            code,
            side,
            tuple(sorted(self.unverified)),
            tuple(sorted((to_set or {}).items())),
            self.tried,
        )

    def _mismatches(
        self, items: Mapping[str, str]
    ) -> list[verdict.Mismatch] | None:
        """What one alternative of the destination refuses.

        :returns: None if that would take too much work
        """
        try:
            return admission.mismatches(
                self.source, self.destination, items, self.skip
            )
        except unify.TooComplex:
            return None

    def _opaque(self, found: list[verdict.Mismatch]) -> bool:
        """Whether only the driver could say that these are mismatches."""
        return all(
            item.attribute in self.destination.opaque for item in found
        )

    def _unseen(self, found: list[verdict.Mismatch]) -> bool:
        """Whether each is of an attribute that one side could not see."""
        return all(
            self._lacks(self.source, [item])
            or self._lacks(self.destination, [item])
            for item in found
        )

    @staticmethod
    def _lacks(
        side: device_class.DeviceClass, found: list[verdict.Mismatch]
    ) -> bool:
        """Whether a side says that it could not see one of these."""
        return any(
            item.attribute in side.unverified
            and item.attribute not in (side.state or {})
            for item in found
        )

    def _to_set(self) -> dict[str, str] | None:
        """The fewest settings that let one alternative admit the source."""
        found = []
        for items in self.destination.accepts:
            try:
                one = settings.needed(
                    self.source, self.destination, items, self.skip
                )
            except unify.TooComplex:
                continue
            if one is not None:
                found.append(one)
        return min(found, key=len, default=None)

    def _silent(self) -> list[tuple[str, codes.Code]]:
        """The sides that do not say what is asked of them, and why.

        A sure reason goes first.
        """
        found = []
        if self.source.silence:
            found.append(("source", self.source.silence))
        if not self.destination.accepts and self.destination.reason:
            found.append(("destination", self.destination.reason))
        return sorted(found, key=lambda item: item[1].is_unknown)

    def _exposed(self) -> list[verdict.Mismatch]:
        """What the guest would see differ."""
        found = []
        ours, theirs = self.source.exposed, self.destination.exposed
        for name in sorted({*ours, *theirs}):
            attribute = f"exposed:{name}"
            if attribute in self.skip:
                continue
            if name not in ours or name not in theirs:
                # It would be compared if it could be read.
                self.unverified.add(attribute)
                self.one_sided = (
                    "destination" if name in ours else "source"
                )
            elif ours[name] != theirs[name]:
                found.append(
                    verdict.Mismatch(
                        attribute,
                        Code.EXPOSED_DIFFERS,
                        ours[name],
                        theirs[name],
                    )
                )
        return found
