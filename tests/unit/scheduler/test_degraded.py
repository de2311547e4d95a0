# SPDX-License-Identifier: Apache-2.0

"""What is decided while something is broken."""

from __future__ import annotations

import types

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.placement import report as report_
from nova_vfio_compat.scheduler import decision
from nova_vfio_compat.scheduler import errors
from nova_vfio_compat.scheduler import fleet
from nova_vfio_compat.scheduler import source
from tests.unit.compat import examples

Outcome = compat.Outcome


class Unreadable(fleet.Reports):
    """Placement does not answer when a single report is asked for."""

    asked = 0

    def read(self, uuid: str, generation: int) -> report_.Report:
        self.asked += 1
        raise errors.CannotDecide(compat.Code.PLACEMENT_FAILED, uuid)


class MixedHostTest(base.BaseTestCase):
    def test_only_mixed_hosts_are_unknown(self) -> None:
        """The others are decided, and Placement is asked only once."""
        good = examples.function()
        bad = examples.function(state={"firmware": "28.41.1000"})
        hosts = {
            name: types.SimpleNamespace(
                uuid=f"00000000-0000-4000-8000-00000000000{index}",
                allocation_candidates=[],
            )
            for index, name in enumerate(("good", "bad", "both", "too"))
        }
        uuids = {
            name: decision.report_uuid(host) for name, host in hosts.items()
        }
        parts = [
            fleet.Part(
                (one,), {uuids[name]: 1 for name in (which, "both", "too")}
            )
            for one, which in ((good, "good"), (bad, "bad"))
        ]
        group = source.Group("r", "pci", frozenset(), (), (), (good,))
        reports = Unreadable()
        deciding = decision.Decision(
            [group], parts, reports, source.Providers()
        )
        self.assertEqual(
            {
                "both": Outcome.UNKNOWN,
                "too": Outcome.UNKNOWN,
                "good": Outcome.COMPATIBLE,
                "bad": Outcome.INCOMPATIBLE,
            },
            {
                name: deciding.judge(hosts[name]).answer.outcome
                for name in ("both", "too", "good", "bad")
            },
        )
        self.assertEqual(1, reports.asked)
