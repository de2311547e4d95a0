# SPDX-License-Identifier: Apache-2.0

"""Whether what a server has can be taken by the devices of a host.

The rules are the scheduler's: Nova pairs mdevs by the name of their type and
PCI functions by their order, so every pairing that it could make has to be
accepted; of several candidates the best one counts.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import functools

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import render

Class = device_class.DeviceClass
Outcome = codes.Outcome

_judge = functools.lru_cache(maxsize=65536)(acceptance.judge)

# CONDITIONAL: nothing in Nova sets attributes of a destination device.
_ORDER = {
    Outcome.COMPATIBLE: 0,
    Outcome.UNKNOWN: 1,
    Outcome.CONDITIONAL: 2,
    Outcome.INCOMPATIBLE: 3,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Devices of a server among which Nova chooses the pairing.

    :ivar bus: ``pci`` or ``mdev``
    :ivar classes: every class that one of the devices may be of
    :ivar amount: how many devices
    :ivar sure: False if it is not known of which of the classes the devices
        are: then only what holds for each of them is an answer
    """

    bus: str
    classes: tuple[Class, ...]
    amount: int = 1
    sure: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What holds, and why it is not simply yes: ``code: text``."""

    outcome: codes.Outcome
    reasons: tuple[str, ...] = ()


def unknown(code: codes.Code) -> Answer:
    """Nothing can be said, for this reason."""
    return Answer(Outcome.UNKNOWN, (f"{code.value}: {code.text}",))


def staying(groups: Iterable[Group]) -> Answer | None:
    """Why the devices cannot leave, wherever they would go."""
    groups = list(groups)
    for group in groups:
        silent = [
            one.silence for one in group.classes
            if one.silence is not None and not one.silence.is_unknown
        ]
        if silent and (group.sure or len(silent) == len(group.classes)):
            return Answer(
                Outcome.INCOMPATIBLE,
                (f"{silent[0].value}: {silent[0].text}",),
            )
    if sum(group.amount for group in groups) > 1:
        limits = [
            [device_class.SINGLE_DEVICE in one.limits for one in group.classes]
            for group in groups
        ]
        if any(map(any, limits)):
            code = codes.Code.P2P_MISSING
            sure = any(group and all(group) for group in limits)
            return Answer(
                Outcome.INCOMPATIBLE if sure else Outcome.UNKNOWN,
                (f"{code.value}: {code.text}",),
            )
    return None


def answer(
    group: Group,
    devices: Iterable[Iterable[Class]],
    relax: frozenset[str] = frozenset(),
) -> Answer:
    """What holds for a group if Nova picks some of these devices.

    :param devices: for each the classes that it may be of
    """
    devices = [tuple(classes) for classes in devices]
    if not group.sure and len(group.classes) > 1:
        return any_of(
            answer(Group(group.bus, (one,)), devices, relax)
            for one in group.classes
        )
    found = [
        _judge(one, other, relax)
        for one, other in sorted(
            _pairs(group.classes, devices), key=lambda pair: pair[0].id
            + pair[1].id
        )
    ]
    if not found:
        return unknown(codes.Code.DEVICE_NOT_REPORTED)
    outcome = max(
        (said.outcome for said in found), key=_ORDER.__getitem__
    )
    if outcome is Outcome.COMPATIBLE:
        return Answer(outcome)
    return Answer(outcome, tuple(dict.fromkeys(
        render.reasons_text(said) for said in found
        if said.outcome is outcome
    )))


def any_of(answers: Iterable[Answer]) -> Answer:
    """What holds if one of them is true and nobody knows which."""
    known = list(answers)
    if not known:
        return unknown(codes.Code.SOURCE_NOT_REPORTED)
    if len({item.outcome for item in known}) > 1:
        return Answer(Outcome.UNKNOWN, (
            f"{codes.Code.SOURCE_NOT_REPORTED.value}: it depends on which of "
            "the source host's devices the server has, and only Nova's "
            "database knows",
        ))
    return together(known)


def together(answers: Iterable[Answer]) -> Answer:
    """What holds if every group must be fine."""
    return _joined(list(answers), worst=True)


def best(answers: Iterable[Answer]) -> Answer:
    """What holds if one of them may be chosen."""
    return _joined(list(answers), worst=False)


def _joined(answers: list[Answer], worst: bool) -> Answer:
    outcome = sorted(
        (item.outcome for item in answers),
        key=_ORDER.__getitem__,
        reverse=worst,
    )[0]
    reasons = {
        reason: None
        for item in answers
        if item.outcome is outcome
        for reason in item.reasons
    }
    return Answer(outcome, tuple(reasons))


def _pairs(
    sources: Iterable[Class], devices: Iterable[Iterable[Class]]
) -> set[tuple[Class, Class]]:
    """The pairs of classes that could meet."""
    found: set[tuple[Class, Class]] = set()
    listed = [tuple(classes) for classes in devices]
    for one in sources:
        kind = _type(one)
        same = [
            classes for classes in listed
            if kind is None or _device_type(classes) in (None, kind)
        ]
        for classes in same or listed:
            found.update((one, other) for other in classes)
    return found


def _type(one: Class) -> str | None:
    if one.bus != "mdev" or one.state is None:
        return None
    return one.state.get("type")


def _device_type(classes: Iterable[Class]) -> str | None:
    types = {_type(one) for one in classes}
    return types.pop() if len(types) == 1 else None
