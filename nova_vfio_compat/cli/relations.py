# SPDX-License-Identifier: Apache-2.0

"""Who can go where: every class of a fleet against every other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
import dataclasses
import functools

from nova_vfio_compat.cli import published
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import verdict

Class = device_class.DeviceClass
Outcome = codes.Outcome

#: of an attribute's value in a label
_MAX_VALUE = 40
_MAX_ATTRIBUTES = 3
#: of an id: enough to tell the classes of any fleet apart
SHORT_ID = 8


@dataclasses.dataclass(frozen=True, slots=True)
class OneWay:
    """Two classes of which only one accepts what the other writes."""

    source: Class
    destination: Class
    #: what is said of the way back
    back: verdict.Verdict


class Relations:
    """The classes of a fleet, their hosts, and what they say to each other.

    Only hosts with a fresh report count: schedulers believe no other.

    :param relax: as ``acceptance.judge`` takes it
    :ivar classes: by family, then by what tells them apart
    """

    def __init__(
        self,
        fleet: published.Fleet,
        relax: frozenset[str] = frozenset(),
    ) -> None:
        self._relax = relax
        self._labels = labels(fleet.classes.values())
        self.classes: tuple[Class, ...] = tuple(sorted(
            fleet.classes.values(),
            key=lambda one: (one.family, one.bus, self.label(one), one.id),
        ))
        self._hosts: dict[str, list[str]] = {}
        for host in fleet.hosts:
            for id_ in host.classes if host.fresh else ():
                self._hosts.setdefault(id_, []).append(host.name)
        self.judge = functools.cache(self._judge)

    def _judge(self, source: Class, destination: Class) -> verdict.Verdict:
        return acceptance.judge(source, destination, self._relax)

    def label(self, one: Class) -> str:
        """A class in a few words that tell it from those of its family."""
        return self._labels[one.id]

    def hosts(self, one: Class) -> list[str]:
        """The hosts with a fresh report that have this class."""
        return self._hosts.get(one.id, [])

    def targets(self, one: Class) -> list[Class]:
        """The classes that accept what this one writes."""
        return [
            other for other in self.classes
            if self.judge(one, other).outcome is Outcome.COMPATIBLE
        ]

    def target_hosts(self, one: Class) -> set[str]:
        """The hosts that have a class which accepts what this one writes."""
        return {
            host for other in self.targets(one) for host in self.hosts(other)
        }

    def stranded(self, one: Class) -> list[str]:
        """The hosts from which a device of this class can go nowhere else.

        :returns: none of them as well where the device cannot migrate at
            all: that is no matter of where to
        """
        if one.silence is not None:
            return []
        targets = self.target_hosts(one)
        if len(targets) > 1:
            return []
        return [host for host in self.hosts(one) if not targets - {host}]

    def one_way(self) -> list[OneWay]:
        """The ways that exist in one direction only."""
        return [
            OneWay(source, destination, back)
            for source in self.classes
            if self.hosts(source)
            for destination in self.targets(source)
            if self.hosts(destination)
            and (back := self.judge(destination, source)).outcome
            is not Outcome.COMPATIBLE
        ]


def labels(classes: Iterable[Class]) -> dict[str, str]:
    """Words for each class: its family, and what its siblings differ in."""
    families: dict[tuple[str, str], list[Class]] = {}
    for one in classes:
        families.setdefault((one.family, one.bus), []).append(one)
    result = {}
    for (family, _), siblings in families.items():
        texts = {
            one.id: " ".join([family, *_telling(one, siblings)])
            for one in siblings
        }
        shared = Counter(texts.values())
        for id_, text in texts.items():
            known = shared[text] == 1
            result[id_] = text if known else f"{text} {short(id_)}"
    return result


def short(class_id: str) -> str:
    """The start of an id, for people."""
    return class_id[:SHORT_ID].lower()


def _telling(one: Class, siblings: list[Class]) -> list[str]:
    if one.silence is not None:
        return [one.silence.value.replace("_", " ")]
    state = dict(one.state or {})
    found = [
        name for name, value in sorted(state.items())
        if any(
            (other.state or {}).get(name) != value
            for other in siblings
            if other.state is not None
        )
    ]
    if "type" in state:
        found.insert(0, "type")
    found = list(dict.fromkeys(found)) or sorted(state)[:1]
    return [_value(name, state[name]) for name in found[:_MAX_ATTRIBUTES]]


def _value(name: str, value: str) -> str:
    if len(value) > _MAX_VALUE:
        value = f"{value[:_MAX_VALUE - 3]}..."
    return value if name == "type" else f"{name}={value}"
