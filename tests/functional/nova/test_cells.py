# SPDX-License-Identifier: Apache-2.0
"""A deployment of two cells: what moves is in the database of one."""

from __future__ import annotations

from tests.functional.nova import vf

GOOD, OLD = "28.43.1000", "28.41.1000"


class TestCells(vf.VfFleet):
    """Live migration stays in a cell; so do the records that are read."""

    NUMBER_OF_CELLS = 2

    def test_second_cell(self) -> None:
        """A server of the second cell is found, and decided on, there."""
        self.start("src", GOOD, cell="cell2")
        self.start("old", OLD, preferred=True, cell="cell2")
        self.start("same", GOOD, cell="cell2")
        self.start("elsewhere", GOOD, preferred=True, cell="cell1")
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
        self.assert_refused(server, host="old")

    def test_other_cell_is_no_destination(self) -> None:
        """A host that fits in another cell changes nothing."""
        self.start("src", GOOD, cell="cell1")
        self.start("old", OLD, cell="cell1")
        self.start("elsewhere", GOOD, cell="cell2")
        self.assert_refused(self.boot("src"))
