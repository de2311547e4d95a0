# SPDX-License-Identifier: Apache-2.0

"""What one alternative of a destination refuses of a source's state."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import verdict
from nova_vfio_compat.compat import versions

Code = codes.Code

# An mdev's parent does not matter for the state of the mdev (Alex
# Williamson, 19 Aug 2020): compared only where the destination asks.
_INFORMATIONAL = {"mdev": frozenset({"pci_id"})}

# For each alternative, however many there are: more than an honest one
# needs that is short enough to be one of so many in one class.
_MIN_STEPS = 100


def steps(value: device_class.DeviceClass) -> int:
    """How many texts may be tried for one alternative of a class.

    Together they must not take longer than a single one may.
    """
    share = alternative.MAX_STEPS // max(1, len(value.accepts))
    return max(share, _MIN_STEPS)


def completed(
    value: device_class.DeviceClass, items: Mapping[str, str]
) -> dict[str, str]:
    """An alternative, with what it leaves out and the device itself has."""
    wanted = dict(items)
    for name in attributes.COMMON:
        own = (value.state or {}).get(name)
        if name not in wanted and own is not None:
            wanted[name] = own
    return wanted


def mismatches(
    source: device_class.DeviceClass,
    destination: device_class.DeviceClass,
    items: Mapping[str, str],
    skip: Collection[str],
) -> list[verdict.Mismatch]:
    """What an alternative of ``destination`` refuses; empty if nothing.

    :param skip: attributes that are not compared
    :raises TooComplex: to tell takes more work than is allowed
    """
    state = source.state or {}
    wanted = completed(destination, items)
    if source.family != destination.family:
        # The two vocabularies share only what is common to all.
        skip = {*skip, *(
            name for name in {*state, *wanted}
            if name not in ("device_api", "type")
            or name not in state
            or name not in wanted
            or not template.parse(wanted[name], True).is_literal
        )}
    found = []
    version = wanted.get("software_version")
    if (
        version
        and "software_version" not in skip
        and template.parse(version, True).is_literal
    ):
        skip = {*skip, "software_version"}
        value = state.get("software_version")
        code = (
            Code.MISSING if value is None else versions.refusal(value, version)
        )
        if code is not None:
            found.append(
                verdict.Mismatch("software_version", code, value, version)
            )
    parsed = alternative.parse(tuple(sorted(wanted.items())), True)
    for name in parsed.mismatches(state, skip, steps(destination)):
        value = state.get(name)
        code = Code.MISSING if value is None else Code.MISMATCH
        found.append(verdict.Mismatch(name, code, value, wanted[name]))
    known = _INFORMATIONAL.get(source.bus, frozenset())
    for name in state.keys() - wanted.keys() - known - set(skip):
        found.append(
            verdict.Mismatch(name, Code.UNMENTIONED, state[name], None)
        )
    return sorted(found, key=lambda mismatch: mismatch.attribute)
