# SPDX-License-Identifier: Apache-2.0

"""What has to be set on a destination before it can take a source's state.

Some attributes of a device are set after it was made, such as the number
of resources that one vGPU joins (``aggregator``). The proposals leave it
to a tool to give the destination the source's settings: attributes of the
same name in sysfs (Yan Zhao, 19 Aug 2020), ``dynamic_resources`` (9 Sep
2020). Decided where they leave it open: the destination's list must admit
everything that cannot be set. What the settings must be is then up to the
source: its own values for a device of its own type, and what its own list
says for a device of another type.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping

from nova_vfio_compat.compat import admission
from nova_vfio_compat.compat import device_class


def needed(
    source: device_class.DeviceClass,
    destination: device_class.DeviceClass,
    one: admission.Wanted,
    skip: Collection[str],
) -> dict[str, str] | None:
    """The values to set so that ``destination`` is as ``source`` needs it.

    For an alternative that refuses the source's state as things are.

    :param one: the alternative
    :param skip: attributes that are not compared
    :returns: None if setting attributes would not do
    :raises TooComplex: to tell takes more work than is allowed
    """
    if source.family != destination.family or not destination.settable:
        return None
    settable = set(destination.settable).difference(skip)
    if admission.mismatches(
        source, destination, one, {*skip, *settable}
    ):
        return None
    ours, theirs = source.state or {}, destination.state or {}
    names = settable & {*one.items, *ours}
    if ours.get("type") != theirs.get("type"):
        choices = list(_by_own_list(source, theirs, sorted(names)))
    elif any(one.items[name] for name in names - ours.keys()):
        choices = []
    else:
        choices = [{name: ours[name] for name in names & ours.keys()}]
    missing = [
        {
            name: value for name, value in choice.items()
            if theirs.get(name) != value
        }
        for choice in choices
    ]
    # With nothing left to set it is the destination that refuses.
    return min(filter(None, missing), key=len, default=None)


def _by_own_list(
    source: device_class.DeviceClass,
    theirs: Mapping[str, str],
    names: list[str],
) -> Iterator[dict[str, str]]:
    """The settings that the source's own list has for the other's type."""
    for one in admission.alternatives(source):
        wanted, parsed = one.texts, one.parsed
        if not wanted.keys() >= {"type", *names}:
            continue
        # The type alone says which of the listed devices it is.
        others = wanted.keys() - {"type"}
        if parsed.mismatches(theirs, others, admission.steps(source)):
            continue
        _, environments = parsed.solve(
            theirs, others, admission.steps(source)
        )
        found = {
            tuple(parsed.text(name, bound) for name in names)
            for bound in environments
        }
        values = found.pop()
        if not found and all(values):
            yield dict(zip(names, map(str, values), strict=True))
