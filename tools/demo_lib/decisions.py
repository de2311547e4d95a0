# SPDX-License-Identifier: Apache-2.0
"""What became of a request to the scheduler, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field


@dataclass(slots=True)
class Decision:
    """What the scheduler and the filter did with one request.

    :ivar kept: hosts that passed every filter, best first
    :ivar chosen: the host that the scheduler claimed resources on, or None
        for NoValidHost
    :ivar providers: uuids of the resource providers of that claim
    :ivar reasons: what VfioCompatFilter says of each host that it saw
    """

    kept: list[str] = field(default_factory=list)
    chosen: str | None = None
    providers: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
