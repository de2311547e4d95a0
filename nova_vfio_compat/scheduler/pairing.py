# SPDX-License-Identifier: Apache-2.0

"""Every pairing that Nova could make between source and destination.

Nova pairs mdevs by the name of their type and PCI functions by their order
within a request, never by our classes. So a destination is fine only if
every pairing that could come out is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import functools

from oslo_log import log as logging

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import verdict
from nova_vfio_compat.scheduler import source

LOG = logging.getLogger(__name__)

Outcome = codes.Outcome
Class = device_class.DeviceClass

_judge = functools.lru_cache(maxsize=65536)(acceptance.judge)

# CONDITIONAL: nothing in Nova sets attributes of a destination device.
_ORDER = {
    Outcome.COMPATIBLE: 0,
    Outcome.UNKNOWN: 1,
    Outcome.CONDITIONAL: 2,
    Outcome.INCOMPATIBLE: 3,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """Why a pairing is not simply accepted.

    :ivar classes: ids of the source's and the destination's class; None
        for a device that nobody described
    """

    outcome: codes.Outcome
    code: codes.Code | None
    verdict: verdict.Verdict | None = None
    classes: tuple[str | None, str | None] = (None, None)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What holds for one choice of destination devices.

    :ivar reasons: why it is not simply yes
    :ivar exact: False if only one of the reasons holds
    """

    outcome: codes.Outcome
    reasons: tuple[Reason, ...] = ()
    exact: bool = True


def worst(outcomes: Iterable[codes.Outcome]) -> codes.Outcome:
    """What holds if all of the outcomes must be fine."""
    return max(outcomes, key=_ORDER.__getitem__, default=Outcome.COMPATIBLE)


def best(outcomes: Iterable[codes.Outcome]) -> codes.Outcome:
    """What holds if one of the outcomes may be chosen."""
    return min(outcomes, key=_ORDER.__getitem__, default=Outcome.UNKNOWN)


def pairs(
    sources: Iterable[Class], devices: Iterable[Iterable[Class]]
) -> set[tuple[Class, Class]]:
    """The pairs of classes that could meet.

    Where a device has the mdev type of a source, Nova takes that one; a
    device that does not tell its type may be of any. Of a device that may
    be of several classes, each counts.

    :param devices: for each device that Nova could pick, the classes that
        it may be of
    """
    found: set[tuple[Class, Class]] = set()
    typed = [
        (_device_type(classes), classes) for classes in map(list, devices)
    ]
    for one in sources:
        kind = _type(one)
        same = [
            classes for type_, classes in typed
            if kind is None or type_ in (None, kind)
        ]
        for classes in same or [classes for _, classes in typed]:
            found.update((one, other) for other in classes)
    return found


def single(
    one: Class, other: Class, relax: frozenset[str] = frozenset()
) -> Reason:
    """What one pairing says."""
    try:
        said = _judge(one, other, relax)
    except Exception:
        # What is published is checked when it is read; if that missed
        # something, it must not hide what the other classes say.
        LOG.exception("Cannot compare class %s with %s", one.id, other.id)
        return Reason(
            Outcome.UNKNOWN,
            codes.Code.INTERNAL_ERROR,
            None,
            (one.id, other.id),
        )
    return Reason(said.outcome, said.code, said, (one.id, other.id))


def answer(
    group: source.Group, devices: Iterable[Iterable[Class]] | None
) -> Answer:
    """What holds for a group if Nova picked some of these devices.

    :param devices: for each the classes that it may be of; None if the
        report does not name one of them
    """
    found = [
        single(one, other, group.relax)
        for one, other in sorted(
            pairs(group.classes, devices or ()), key=_ids
        )
    ]
    if not found:
        found = [Reason(Outcome.UNKNOWN, codes.Code.DEVICE_NOT_REPORTED)]
    outcome = worst(reason.outcome for reason in found)
    return Answer(
        outcome,
        tuple(
            reason for reason in found
            if outcome is not Outcome.COMPATIBLE
            and reason.outcome is outcome
        ),
    )


def immovable(group: source.Group) -> Reason | None:
    """Why a device of the group cannot leave its host, if that is sure."""
    for one in group.classes:
        if one.silence is not None and not one.silence.is_unknown:
            return Reason(
                Outcome.INCOMPATIBLE,
                one.silence,
                single(one, one).verdict,
                (one.id, None),
            )
    return None


def crowded(groups: Iterable[source.Group], amount: int) -> Reason | None:
    """Why a device that migrates only alone is not alone.

    :param amount: VFIO devices of the instance, of all groups
    """
    if amount < 2:
        return None
    found = None
    for group in groups:
        limited = [
            one for one in group.classes
            if device_class.SINGLE_DEVICE in one.limits
        ]
        sure = bool(limited) and len(limited) == len(group.classes)
        if sure or (limited and found is None):
            found = Reason(
                Outcome.INCOMPATIBLE if sure else Outcome.UNKNOWN,
                codes.Code.P2P_MISSING,
                None,
                (limited[0].id, None),
            )
        if sure:
            break
    return found


def together(answers: Iterable[Answer]) -> Answer:
    """What holds if every group must be fine."""
    all_ = list(answers)
    outcome = worst(item.outcome for item in all_)
    reasons = {
        reason: None
        for item in all_
        for reason in item.reasons
        if reason.outcome is outcome
    }
    return Answer(outcome, tuple(reasons), all(item.exact for item in all_))


def _ids(pair: tuple[Class, Class]) -> tuple[str, str]:
    return pair[0].id, pair[1].id


def _type(one: Class) -> str | None:
    if one.bus != "mdev" or one.state is None:
        return None
    return one.state.get("type")


def _device_type(classes: Iterable[Class]) -> str | None:
    """The type that all of a device's classes have; None if they differ."""
    types = {_type(one) for one in classes}
    return types.pop() if len(types) == 1 else None
