# SPDX-License-Identifier: Apache-2.0

"""What a change of some hosts does to the ways between classes."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import verdict

Class = device_class.DeviceClass
Classes = frozenset[Class]
Outcome = codes.Outcome

@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Hosts that have the same classes and get the same ones.

    :ivar before: their classes now
    :ivar after: their classes once they are changed
    """

    hosts: tuple[str, ...]
    before: Classes
    after: Classes

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A way between two classes that opens or closes.

    :ivar when: ``during``, while only one side is changed, or ``after``
    :ivar before: whether it was possible
    :ivar then: what is said of it
    :ivar back: what is said then of the way back
    """

    source: Class
    destination: Class
    when: str
    before: codes.Outcome
    then: verdict.Verdict
    back: codes.Outcome

    @property
    def effect(self) -> str:
        """The change in a word or two."""
        if self.then.outcome is not Outcome.COMPATIBLE:
            return "impossible"
        if self.back is not Outcome.COMPATIBLE:
            return "one-way"
        return "possible"


def with_value(one: Class, family: str, name: str, value: str) -> Class:
    """A class as it would be with another value of an attribute.

    What it accepts follows where it is just what it writes; a pattern is a
    driver's rule and stays.

    :raises ParseError: that is no class
    """
    state = one.state
    if one.family != family or state is None or name not in state:
        return one
    old = state[name]
    return dataclasses.replace(
        one,
        state={**state, name: value},
        accepts=tuple(
            {**items, name: value} if items.get(name) == old else items
            for items in one.accepts
        ),
    )


def kinds(
    hosts: Mapping[str, Classes], after: Mapping[str, Classes]
) -> list[Kind]:
    """The hosts of a fleet, those alike together.

    :param after: of those that change
    """
    found: dict[tuple[Classes, Classes], list[str]] = {}
    for name, classes in hosts.items():
        key = classes, after.get(name, classes)
        found.setdefault(key, []).append(name)
    return [
        Kind(tuple(names), before, then)
        for (before, then), names in found.items()
    ]


class Ways:
    """The classes of a fleet that changes, and the ways between them.

    :param relax: as ``acceptance.judge`` takes it
    """

    def __init__(
        self, kinds_: Iterable[Kind], relax: frozenset[str] = frozenset()
    ) -> None:
        self._relax = relax
        self._kinds = list(kinds_)
        self.judge = functools.cache(self._judge)

    def _judge(self, source: Class, destination: Class) -> verdict.Verdict:
        return acceptance.judge(source, destination, self._relax)

    def changes(self) -> list[Change]:
        """The ways that open or close, while and after hosts change."""
        variants = sorted(
            {pair for kind in self._kinds for pair in _variants(kind)},
            key=lambda pair: (pair[0].id, pair[1].id),
        )
        found: dict[tuple[Class, Class, str], Change] = {}
        for source in variants:
            for destination in variants:
                for change in self._between(source, destination):
                    key = change.source, change.destination, change.when
                    found.setdefault(key, change)
        return list(found.values())

    def _between(
        self, source: tuple[Class, Class], destination: tuple[Class, Class]
    ) -> Iterator[Change]:
        before = self.judge(source[0], destination[0]).outcome
        back = self.judge(destination[0], source[0]).outcome
        cases = []
        if source[0] != source[1]:
            cases.append((source[1], destination[0], "during"))
        if destination[0] != destination[1]:
            cases.append((source[0], destination[1], "during"))
        if cases:
            cases.append((source[1], destination[1], "after"))
        fine = Outcome.COMPATIBLE
        for one, other, when in cases:
            then = self.judge(one, other)
            back_then = self.judge(other, one).outcome
            ways = (before is fine, back is fine)
            if then.outcome is fine and back_then is not fine:
                # Only the end that can be reached tells of it.
                changed = ways != (True, False)
            else:
                changed = (then.outcome is fine) != ways[0]
            if changed:
                yield Change(one, other, when, before, then, back_then)


def _variants(kind: Kind) -> Iterator[tuple[Class, Class]]:
    """Each class of a kind, now and then; a class that goes is left out."""
    for one in kind.before:
        if one in kind.after:
            yield one, one
            continue
        same = [
            other for other in kind.after
            if (other.family, other.bus) == (one.family, one.bus)
            and _type(other) == _type(one)
        ]
        # Of several the most alike: an upgrade changes little.
        if same:
            yield one, max(
                same, key=lambda other: (_alike(one, other), other.id)
            )


def _type(one: Class) -> str | None:
    return (one.state or {}).get("type")


def _alike(one: Class, other: Class) -> int:
    return len((one.state or {}).items() & (other.state or {}).items())
