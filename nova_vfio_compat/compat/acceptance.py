# SPDX-License-Identifier: Apache-2.0

"""Whether a destination can load what a source writes.

The destination's ``accepts`` must admit the source's ``state``: direction
matters. The proposals contradict each other on who owns the list; their
own example only works this way round (Yan Zhao, 29 Jul 2020).
"""

from __future__ import annotations

from collections.abc import Mapping

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import verdict
from nova_vfio_compat.compat import versions

Code = codes.Code
Outcome = codes.Outcome

# An mdev's parent does not matter for the state of the mdev (Alex
# Williamson, 19 Aug 2020): compared only where the destination asks.
_INFORMATIONAL = {"mdev": frozenset({"pci_id"})}


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
        try:
            closest = min(
                (
                    [*exposed, *self._mismatches(items)]
                    for items in destination.accepts
                ),
                key=len,
            )
        except alternative.TooComplex:
            if exposed:
                return self._result(Outcome.INCOMPATIBLE, exposed)
            return self._result(
                Outcome.UNKNOWN, code=Code.TOO_COMPLEX, side="destination"
            )
        if closest:
            return self._result(Outcome.INCOMPATIBLE, closest)
        if source.family != destination.family:
            return self._result(
                Outcome.UNKNOWN, code=Code.FAMILIES_DIFFER
            )
        return self._result(Outcome.COMPATIBLE)

    def _result(
        self,
        outcome: codes.Outcome,
        mismatches: list[verdict.Mismatch] | None = None,
        code: codes.Code | None = None,
        side: str | None = None,
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
        )

    def _silent(self) -> list[tuple[str, codes.Code]]:
        """The sides that do not say what is asked of them, and why.

        A sure reason goes first.
        """
        found = []
        if self.source.state is None and self.source.reason:
            found.append(("source", self.source.reason))
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
                self.unverified.add(attribute)
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

    def _mismatches(
        self, items: Mapping[str, str]
    ) -> list[verdict.Mismatch]:
        """What one alternative of the destination refuses."""
        source = dict(self.source.state or {})
        wanted = dict(items)
        for name in attributes.COMMON:
            own = (self.destination.state or {}).get(name)
            if name not in wanted and own is not None:
                wanted[name] = own
        if self.source.family != self.destination.family:
            # The two vocabularies share only what is common to all. The
            # variables of a pattern may be declared in what is not shared.
            common = [
                name for name in ("device_api", "type")
                if name in source
                and name in wanted
                and template.parse(wanted[name]).is_literal
            ]
            source = {name: source[name] for name in common}
            wanted = {name: wanted[name] for name in common}
        for name in self.skip:
            source.pop(name, None)
            wanted.pop(name, None)
        return self._compare(source, wanted)

    def _compare(
        self, source: dict[str, str], wanted: dict[str, str]
    ) -> list[verdict.Mismatch]:
        found = []
        version = wanted.get("software_version")
        if version and template.parse(version).is_literal:
            del wanted["software_version"]
            value = source.pop("software_version", None)
            code = (
                Code.MISSING if value is None
                else versions.refusal(value, version)
            )
            if code is not None:
                found.append(
                    verdict.Mismatch(
                        "software_version", code, value, version
                    )
                )
        parsed = alternative.parse(tuple(sorted(wanted.items())))
        for name in parsed.mismatches(source):
            value = source.get(name)
            code = Code.MISSING if value is None else Code.MISMATCH
            found.append(
                verdict.Mismatch(name, code, value, wanted[name])
            )
        known = _INFORMATIONAL.get(self.source.bus, frozenset())
        for name in source.keys() - wanted.keys() - known:
            found.append(
                verdict.Mismatch(
                    name, Code.UNMENTIONED, source[name], None
                )
            )
        return sorted(found, key=lambda mismatch: mismatch.attribute)
