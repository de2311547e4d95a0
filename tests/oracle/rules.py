# SPDX-License-Identifier: Apache-2.0
"""The stated rules: may this destination load what this source writes?"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import enum
import re

from tests.oracle import texts

Raw = Mapping[str, bytes]


class Answer(enum.Enum):
    """What can be said of one pair."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Device:
    """What can be seen of one device.

    :ivar rule: who knows what its values mean: declared, mlx5, mdev, none,
        or another
    :ivar raw: the alternatives as they were written
    :ivar settable: attributes that can be set on such a device
    :ivar silent: the answer, whatever the other side, where nothing is
        written or accepted
    """

    bus: str
    rule: str
    state: Mapping[str, str] | None
    raw: tuple[Raw, ...] = ()
    exposed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    silent: Answer | None = None
    settable: frozenset[str] = frozenset()


def same(source: Device, destination: Device) -> bool:
    """Whether two devices write and accept exactly the same."""
    def key(device: Device) -> object:
        return (device.bus, device.rule, device.state, device.exposed,
                sorted(str(sorted(texts.named(raw).items()))
                       for raw in device.raw))
    return key(source) == key(destination)


def answer(source: Device, destination: Device) -> Answer:
    """Whether ``destination`` can load the state of ``source``."""
    if source.bus != destination.bus:
        return Answer.NO
    for name in source.exposed.keys() & destination.exposed.keys():
        if source.exposed[name] != destination.exposed[name]:
            return Answer.NO
    silences = set()
    if source.state is None:
        silences.add(source.silent)
    if not destination.raw:
        silences.add(destination.silent)
    if silences:
        # What is certain of one side is not in doubt because of the other.
        return Answer.NO if Answer.NO in silences else Answer.UNKNOWN
    if same(source, destination):
        return Answer.YES
    if source.rule != destination.rule:
        # Only what both vocabularies know can say no; nothing says yes.
        fits = any(_common_fits(source, destination, raw)
                   for raw in destination.raw)
        return Answer.UNKNOWN if fits else Answer.NO
    admitted = any(admits(source, destination, raw)
                   for raw in destination.raw)
    if not admitted:
        return Answer.NO
    if source.exposed.keys() != destination.exposed.keys():
        # What one side does not show would be compared.
        return Answer.UNKNOWN
    return Answer.YES


def admits(source: Device, destination: Device, raw: Raw,
           ignored: frozenset[str] = frozenset()) -> bool:
    """Whether one alternative lets the source's state in."""
    state = {name: value for name, value in (source.state or {}).items()
             if name not in ignored}
    literals = texts.literal_names(raw)
    return any(
        _fits(source.bus, state, {
            name: value
            for name, value in _completed(destination, one).items()
            if name not in ignored},
            literals | ({"software_version"} - one.keys()))
        for one in texts.expansions(
            raw, _written(destination, source), ignored))


def _written(destination: Device, source: Device) -> Mapping[str, str] | None:
    """What kernels declare has no variables of this project's kinds."""
    return None if destination.rule == "declared" else source.state or {}


def settings(source: Device, destination: Device) -> list[dict[str, str]]:
    """What could be set so that the destination is as the source needs it.

    For two devices of one rule of which the answer is no.
    """
    ours, theirs = source.state or {}, destination.state or {}
    found = []
    for raw in destination.raw:
        patterns = texts.named(raw)
        names = destination.settable & {*ours, *patterns}
        if not admits(source, destination, raw, destination.settable):
            continue
        if ours.get("type") != theirs.get("type"):
            values = _from_own_list(source, destination, sorted(names))
        elif any(patterns[name] for name in names - ours.keys()):
            continue
        else:
            values = [{name: ours[name] for name in names & ours.keys()}]
        for one in values:
            missing = {name: value for name, value in one.items()
                       if theirs.get(name) != value}
            if missing:
                found.append(missing)
    return found


def _from_own_list(source: Device, destination: Device,
                   names: list[str]) -> list[dict[str, str]]:
    """The settings that the source's list has for the other's type."""
    kind = (destination.state or {}).get("type", "")
    found = []
    for raw in source.raw:
        if any(texts.is_unlisted(raw, name) for name in names):
            continue
        values = set()
        for one in texts.expansions(
                raw, _written(source, destination),
                frozenset(texts.named(raw)) - {"type"}):
            completed = _completed(source, one)
            if completed.get("type", "") == kind:
                values.add(tuple(completed.get(name) for name in names))
        if len(values) == 1:
            chosen = values.pop()
            if all(chosen):
                found.append(dict(zip(names, map(str, chosen), strict=True)))
    return found


def _completed(destination: Device,
               one: dict[str, str | None]) -> dict[str, str | None]:
    own = destination.state or {}
    for name in ("device_api", "type", "software_version"):
        if name not in one and name in own:
            one = {**one, name: own[name]}
    return one


def _fits(bus: str, state: Mapping[str, str],
          wanted: Mapping[str, str | None], literals: Iterable[str]) -> bool:
    for name, value in wanted.items():
        written = state.get(name, "")
        if value is None:
            return False
        if name == "software_version" and name in literals and value:
            if not version_fits(written, value):
                return False
        elif written != value:
            return False
    unmentioned = state.keys() - wanted.keys()
    if bus == "mdev":
        unmentioned -= {"pci_id"}
    return not unmentioned


def _common_fits(source: Device, destination: Device, raw: Raw) -> bool:
    """Whether nothing that both vocabularies know is plainly different."""
    written = source.state or {}
    patterns = texts.named(raw)
    for name in ("device_api", "type"):
        wanted = patterns.get(name, (destination.state or {}).get(name))
        if wanted is None or name not in written or "{" in wanted:
            continue
        if texts.spelling(name, wanted) != written[name]:
            return False
    return True


def version_fits(written: str, accepted: str) -> bool:
    """The major equal, the source's minor no greater, bugfix ignored."""
    plain = r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.[0-9]{1,9})*"
    ours = re.fullmatch(plain, written)
    theirs = re.fullmatch(plain, accepted)
    if ours is None or theirs is None:
        return written == accepted
    return (int(ours[1]) == int(theirs[1])
            and int(ours[2] or 0) <= int(theirs[2] or 0))
