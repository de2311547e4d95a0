# SPDX-License-Identifier: Apache-2.0

"""The rule of ``software_version``, and ranges of versions.

Source: the sysfs proposal's last form (Yan Zhao, 9 Sep 2020): the
destination's major equals the source's, its minor is no less, and the
bugfix number does not matter. It describes the stream format that a
publisher versions on purpose; no other version follows it.
"""

from __future__ import annotations

import dataclasses
import re

from packaging import version

from nova_vfio_compat.compat.codes import Code

# packaging accepts more ("v1", "1.0rc1", " 1"): only a plain release has
# the rule's meaning. The bound keeps int() away from hostile digits.
_RELEASE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}")


def release(text: str) -> version.Version | None:
    """A plain release such as ``1.2.0``; None for anything else."""
    return version.Version(text) if _RELEASE.fullmatch(text) else None


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """From one release to another, both included.

    Without ``last`` it ends with the major version of ``first``.
    """

    first: version.Version
    last: version.Version | None

    def __contains__(self, item: version.Version) -> bool:
        if self.last is None:
            return self.first <= item and item.major == self.first.major
        return self.first <= item <= self.last


def parse_range(text: str) -> Range | None:
    """``2.0.2-2.0.4``, ``2.1.0-``, ``-2.3`` or ``2.2`` alone.

    None for what is none of them, and for a range that holds nothing.
    """
    before, dash, after = (part.strip() for part in text.partition("-"))
    first, last = release(before), release(after)
    if (before and first is None) or (after and last is None):
        return None
    if first is None:
        if last is None:
            return None
        # Within the major version, as where the other end is open.
        first = version.Version(str(last.major))
    elif not dash:
        last = first
    if last is not None and first > last:
        return None
    return Range(first, last)


def major_minor(text: str) -> tuple[int, int] | None:
    """Major and minor of a plain release such as ``1.2.0``.

    None for anything else, which is then compared as text, never guessed.
    """
    parsed = release(text)
    return None if parsed is None else (parsed.major, parsed.minor)


def refusal(source: str, accepted: str) -> Code | None:
    """Why a device that accepts ``accepted`` refuses ``source``, or None."""
    source_release = major_minor(source)
    accepted_release = major_minor(accepted)
    if source_release is None or accepted_release is None:
        return None if source == accepted else Code.MISMATCH
    if source_release[0] != accepted_release[0]:
        return Code.MAJOR_DIFFERS
    if source_release[1] > accepted_release[1]:
        return Code.MINOR_NEWER
    return None
