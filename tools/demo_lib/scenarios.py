# SPDX-License-Identifier: Apache-2.0
"""The live migrations of the demo, and what must come of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from demo_lib import fleet


@dataclass(frozen=True, slots=True)
class Scenario:
    """One live migration of an instance with the first device of a host.

    :ivar kept: exactly the hosts that must pass the filters; none means
        that Nova must answer NoValidHost
    :ivar because: what the filter must say of hosts, rejected or unknown: a
        code, or an attribute
    :ivar on: where such a host is chosen, the device that must be claimed
    :ivar upgraded: a host as it is from now on; its reporter runs again
        before the migration
    """

    title: str
    source: str
    kept: frozenset[str]
    because: Mapping[str, str] = field(default_factory=dict)
    on: Mapping[str, str] = field(default_factory=dict)
    upgraded: fleet.Host | None = None


_UNKNOWN = {"gpu-bad-1": "malformed", "gpu-mute-1": "no_report"}
_OLD_2_UPGRADED = replace(
    fleet.BY_NAME["gpu-old-2"], devices=(fleet.Gpu("2.1.0"),)
)

SCENARIOS = (
    Scenario(
        "A vGPU, old driver: newer drivers can load its state, too",
        "gpu-old-1",
        frozenset(("gpu-old-2", "gpu-new-1", "gpu-new-2", "gpu-mixed-1")),
        because={
            "gpu-next-1": "major_differs", "gpu-type-1": "type: ", **_UNKNOWN,
        },
    ),
    Scenario(
        "A vGPU, new driver: there is no way back to an old one",
        "gpu-new-1",
        frozenset(("gpu-new-2", "gpu-mixed-1")),
        because={
            "gpu-old-1": "minor_newer", "gpu-old-2": "minor_newer",
            "gpu-next-1": "major_differs", "gpu-type-1": "type: ", **_UNKNOWN,
        },
        on={"gpu-mixed-1": fleet.SECOND_SLOT},
    ),
    Scenario(
        "A VF of a ConnectX-7: firmware and PSID must be equal",
        "nic-a-1",
        frozenset(("nic-a-2", "nic-mixed-1")),
        because={"nic-fw-1": "firmware: ", "nic-psid-1": "psid: "},
        on={"nic-mixed-1": fleet.SECOND_SLOT},
    ),
    Scenario(
        "A VF that only one of the two cards of one host can take",
        "nic-fw-1",
        frozenset(("nic-mixed-1",)),
        because={"nic-a-1": "firmware: ", "nic-psid-1": "psid: "},
        on={"nic-mixed-1": fleet.FIRST_SLOT},
    ),
    Scenario(
        "A VF of a card that nobody else has: better no move than a bad one",
        "nic-psid-1",
        frozenset(),
        because={
            "nic-a-1": "psid: ", "nic-fw-1": "firmware: ",
            "nic-mixed-1": "psid: ",
        },
    ),
    Scenario(
        "A vGPU that no known host can take: the unknown ones, as a last"
        " resort",
        "gpu-next-1",
        frozenset(("gpu-bad-1", "gpu-mute-1")),
        because={
            "gpu-old-1": "major_differs", "gpu-new-1": "major_differs",
            "gpu-type-1": "type: ", **_UNKNOWN,
        },
    ),
    Scenario(
        "The same after an upgrade of gpu-old-2, without any restart",
        "gpu-next-1",
        frozenset(("gpu-old-2",)),
        because={"gpu-old-1": "major_differs", **_UNKNOWN},
        upgraded=_OLD_2_UPGRADED,
    ),
    Scenario(
        "A vGPU of a host that never reported: unknown everywhere",
        "gpu-mute-1",
        frozenset(
            host.name for host in fleet.FLEET
            if host.gpus and host.name != "gpu-mute-1"
        ),
        because={"gpu-old-1": "source_not_reported"},
    ),
)
