# SPDX-License-Identifier: Apache-2.0

"""The rule of ``software_version``.

Source: the sysfs proposal's last form (Yan Zhao, 9 Sep 2020): the
destination's major equals the source's, its minor is no less, and the
bugfix number does not matter. It describes the stream format that a
publisher versions on purpose; no other version follows it.
"""

from __future__ import annotations

import re

from packaging import version

from nova_vfio_compat.compat.codes import Code

# packaging accepts more ("v1", "1.0rc1", " 1"): only a plain release has
# the rule's meaning. The bound keeps int() away from hostile digits.
_RELEASE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}")


def major_minor(text: str) -> tuple[int, int] | None:
    """Major and minor of a plain release such as ``1.2.0``.

    None for anything else, which is then compared as text, never guessed.
    """
    if not _RELEASE.fullmatch(text):
        return None
    parsed = version.Version(text)
    return parsed.major, parsed.minor


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
