# SPDX-License-Identifier: Apache-2.0

"""What one alternative of a destination refuses of a source's state."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import functools

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import verdict
from nova_vfio_compat.compat import versions

Code = codes.Code

# An mdev's parent does not matter for the state of the mdev (Alex
# Williamson, 19 Aug 2020): compared only where the destination asks.
_INFORMATIONAL = {"mdev": ("pci_id",)}

# For each alternative, however many there are: more than an honest one
# needs that is short enough to be one of so many in one class.
_MIN_STEPS = 100


def steps(value: device_class.DeviceClass) -> int:
    """How many texts may be tried for one alternative of a class.

    Together they must not take longer than a single one may.
    """
    share = alternative.MAX_STEPS // max(1, len(value.accepts))
    return max(share, _MIN_STEPS)


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """One alternative of a class, ready to be compared with.

    :ivar items: attribute to text, as the class has it
    :ivar texts: the same with what it leaves out and the device itself has
    :ivar parsed: the latter as templates
    :ivar version: the version that the rule of versions is applied to; None
        if it is no literal one
    """

    items: Mapping[str, str]
    texts: Mapping[str, str]
    parsed: alternative.Alternative
    version: str | None


@functools.lru_cache(maxsize=1024)
def alternatives(value: device_class.DeviceClass) -> tuple[Wanted, ...]:
    """What a class accepts, ready to be compared with."""
    return tuple(_wanted(value, items) for items in value.accepts)


def _wanted(
    value: device_class.DeviceClass, items: Mapping[str, str]
) -> Wanted:
    texts = dict(items)
    for name in attributes.COMMON:
        own = (value.state or {}).get(name)
        if name not in texts and own is not None:
            texts[name] = own
    parsed = alternative.parse(tuple(sorted(texts.items())), True)
    version = texts.get("software_version") or None
    if version and not parsed.templates["software_version"].is_literal:
        version = None
    return Wanted(items, texts, parsed, version)


def skipped(
    source: device_class.DeviceClass,
    destination: device_class.DeviceClass,
    relax: frozenset[str],
) -> frozenset[str]:
    """The attributes of two classes that are not compared.

    :param relax: see ``judge``
    """
    # An attribute that is younger than the other side's vocabulary cannot
    # be known there: a rolling upgrade must split no fleet.
    younger = {
        name
        for one, other in ((source, destination), (destination, source))
        for name, since in one.since.items()
        if one.family == other.family and since > other.vocabulary
    }
    prefix = f"{destination.family}:"
    relaxed = {
        item.removeprefix(prefix)
        for item in relax
        if item.startswith(prefix)
    }
    return frozenset(younger | relaxed)


def mismatches(
    source: device_class.DeviceClass,
    destination: device_class.DeviceClass,
    one: Wanted,
    skip: Collection[str],
) -> list[verdict.Mismatch]:
    """What an alternative of ``destination`` refuses; empty if nothing.

    :param skip: attributes that are not compared
    :raises TooComplex: to tell takes more work than is allowed
    """
    state = source.state or {}
    wanted = one.texts
    if source.family != destination.family:
        # The two vocabularies share only what is common to all.
        skip = {*skip, *(
            name for name in {*state, *wanted}
            if name not in ("device_api", "type")
            or name not in state
            or name not in wanted
            or not one.parsed.templates[name].is_literal
        )}
    found = []
    if one.version and "software_version" not in skip:
        skip = {*skip, "software_version"}
        value = state.get("software_version")
        code = (
            Code.MISSING if value is None
            else versions.refusal(value, one.version)
        )
        if code is not None:
            found.append(
                verdict.Mismatch("software_version", code, value, one.version)
            )
    for name in one.parsed.mismatches(state, skip, steps(destination)):
        value = state.get(name)
        code = Code.MISSING if value is None else Code.MISMATCH
        found.append(verdict.Mismatch(name, code, value, wanted[name]))
    known = _INFORMATIONAL.get(source.bus, ())
    for name, value in state.items():
        if name not in wanted and name not in known and name not in skip:
            found.append(
                verdict.Mismatch(name, Code.UNMENTIONED, value, None)
            )
    return sorted(found, key=lambda mismatch: mismatch.attribute)
