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

_NOTHING: frozenset[str] = frozenset()


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
        self.skip = _NOTHING
        if relax or source.since or destination.since:
            self.skip = admission.skipped(source, destination, relax)
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
        tried = [
            self._mismatches(one)
            for one in admission.alternatives(destination)
        ]
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
        if closest and not exposed:
            doubt = self._doubt([found for found in tried if found])
            if doubt is not None:
                return doubt
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

    def _doubt(
        self, tried: list[list[verdict.Mismatch]]
    ) -> verdict.Verdict | None:
        """The verdict where an alternative may only seem to refuse."""
        doubtful = [found for found in tried if self._opaque(found)]
        if doubtful:
            return self._result(
                Outcome.UNKNOWN,
                min(doubtful, key=len),
                Code.OPAQUE_DIFFERS,
            )
        unseen = [found for found in tried if self._unseen(found)]
        if unseen:
            lacks = self._lacks(self.source, unseen[0])
            return self._result(
                Outcome.UNKNOWN,
                min(unseen, key=len),
                Code.MISSING_ATTRIBUTE,
                "source" if lacks else "destination",
            )
        return None

    def _result(
        self,
        outcome: codes.Outcome,
        mismatches: list[verdict.Mismatch] | None = None,
        code: codes.Code | None = None,
        side: str | None = None,
        to_set: Mapping[str, str] | None = None,
    ) -> verdict.Verdict:
        evidence = self.source.evidence
        if self.destination.evidence.strength < evidence.strength:
            evidence = self.destination.evidence
        return verdict.Verdict(
            outcome,
            evidence,
            tuple(mismatches or ()),
            code,
            side,
            tuple(sorted(self.unverified)),
            tuple(sorted((to_set or {}).items())),
            self.tried,
        )

    def _mismatches(
        self, one: admission.Wanted
    ) -> list[verdict.Mismatch] | None:
        """What one alternative of the destination refuses.

        :returns: None if that would take too much work
        """
        try:
            return admission.mismatches(
                self.source, self.destination, one, self.skip
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
        for one in admission.alternatives(self.destination):
            try:
                to_set = settings.needed(
                    self.source, self.destination, one, self.skip
                )
            except unify.TooComplex:
                continue
            if to_set is not None:
                found.append(to_set)
        return min(found, key=len, default=None)

    def _silent(self) -> list[tuple[str, codes.Code]]:
        """The sides that do not say what is asked of them, and why.

        A sure reason goes first.
        """
        found: list[tuple[str, codes.Code]] = []
        if not (self.source.reason or self.destination.reason):
            return found
        if self.source.silence:
            found.append(("source", self.source.silence))
        if not self.destination.accepts and self.destination.reason:
            found.append(("destination", self.destination.reason))
        return sorted(found, key=lambda item: item[1].is_unknown)

    def _exposed(self) -> list[verdict.Mismatch]:
        """What the guest would see differ."""
        found: list[verdict.Mismatch] = []
        ours, theirs = self.source.exposed, self.destination.exposed
        if ours == theirs:
            return found
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
