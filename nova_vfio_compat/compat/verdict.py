# SPDX-License-Identifier: Apache-2.0

"""Verdicts are data; text is made from them only at the edge."""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.compat import codes


@dataclasses.dataclass(frozen=True, slots=True)
class Mismatch:
    """One reason why a destination refuses a source's state.

    :ivar attribute: its name; ``exposed:<name>`` for what the guest sees
    :ivar code: what is wrong with it
    :ivar source: the source's value, None if it has none
    :ivar accepts: what the destination accepts, None if it knows nothing
        of the attribute
    """

    attribute: str
    code: codes.Code
    source: str | None
    accepts: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a destination can load what a source writes.

    :ivar outcome: the answer
    :ivar mismatches: all mismatches of the closest alternative
    :ivar code: the reason where it is not a mismatch
    :ivar side: which device the code is about: source or destination
    :ivar evidence: the weaker of what the two classes rest on
    :ivar unverified: what decides as well and was not compared
    :ivar to_set: attributes of the destination device, and the values that
        they must be given first
    :ivar tried: how many alternatives of the destination were compared; 0
        where that was not needed
    """

    outcome: codes.Outcome
    evidence: codes.Evidence
    mismatches: tuple[Mismatch, ...] = ()
    code: codes.Code | None = None
    side: str | None = None
    unverified: tuple[str, ...] = ()
    to_set: tuple[tuple[str, str], ...] = ()
    tried: int = 0

    @property
    def all_codes(self) -> tuple[codes.Code, ...]:
        """Every code of the verdict, in a stable order."""
        found = [mismatch.code for mismatch in self.mismatches]
        if self.code is not None:
            found.insert(0, self.code)
        return tuple(dict.fromkeys(found))
