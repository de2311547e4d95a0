# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.scheduler import explain
from nova_vfio_compat.scheduler import pairing
from tests.unit.compat import examples


def refused(*firmwares: str) -> list[pairing.Answer]:
    """What hosts with these firmware versions answer to 28.43.1000."""
    source = examples.function(state={"firmware": "28.43.1000"})
    return [
        pairing.Answer(
            compat.Outcome.INCOMPATIBLE,
            (
                pairing.single(
                    source, examples.function(state={"firmware": one})
                ),
            ),
        )
        for one in firmwares
    ]


class SummaryTest(base.BaseTestCase):
    def test_attribute(self) -> None:
        """What differs is named with what the source and the fleet have."""
        (line,) = explain.summary(
            refused("28.41.1000", "28.45.1000", "28.41.1000")
        )
        self.assertEqual(
            "firmware: the source has 28.43.1000, the fleet accepts "
            "28.41.1000 (2 host(s)), 28.45.1000 (1 host(s))",
            line,
        )

    def test_long(self) -> None:
        """A fleet of many kinds does not fill the log."""
        (line,) = explain.summary(
            refused(*(f"28.{minor}.1000" for minor in range(10, 30)))
        )
        self.assertTrue(line.endswith(", 15 others"), line)

    def test_other_reasons(self) -> None:
        """Hosts that are refused for another reason are counted."""
        silent = pairing.Answer(
            compat.Outcome.UNKNOWN,
            (
                pairing.Reason(
                    compat.Outcome.UNKNOWN, compat.Code.NO_REPORT
                ),
            ),
        )
        self.assertEqual(
            ["the host has published no report: 2 host(s)"],
            explain.summary([silent, silent]),
        )
