# SPDX-License-Identifier: Apache-2.0
"""The filter with a real Placement and cell database, without Nova around.

The instance and its migration are real rows, the candidates and allocations
are Placement's; what is left out is the API, conductor and computes.
"""

from __future__ import annotations

import logging
from typing import Any

from nova import test
from nova.tests.functional import fixtures as nova_fixtures
from placement.tests.functional.fixtures import placement

from nova_vfio_compat.scheduler import filter as filter_
from tests.fleets import cloud
from tests.fleets import moves


class MemoryPlacement(nova_fixtures.PlacementFixture):
    """Placement with its database in memory: one thread asks it."""

    def _configure_placement(self, conf_fixture: Any) -> None:
        placement.PlacementFixture._configure_placement(self, conf_fixture)


class FilterTestCase(test.TestCase):
    """Some compute nodes and one filter, which remembers."""

    HOSTS = 2

    def setUp(self) -> None:
        """Start Placement and a cell database."""
        super().setUp()
        # A hundred lines per fleet, at a cost.
        logger = logging.getLogger("placement")
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.WARNING)
        self.placement = self.useFixture(MemoryPlacement())
        self.cloud = cloud.Cloud(self.placement.endpoint)
        self.cloud.add_resource_class(moves.VF_CLASS)
        self.cloud.keep_dates((1, 2))
        self.cell = self.cell_mappings["cell1"]
        self.nodes = {
            name: self.cloud.add_node(name)
            for name in ("host%d" % index for index in range(self.HOSTS))}
        self.filter = filter_.VfioCompatFilter()

    def candidates(
            self, request: moves.Request) -> dict[str, list[cloud.Candidate]]:
        """Return Placement's candidates by host."""
        by_node = self.cloud.candidates(request.query)
        return {name: by_node[node.uuid]
                for name, node in self.nodes.items() if node.uuid in by_node}

    def decide(self, policy: str, move: moves.Move,
               candidates: dict[str, list[cloud.Candidate]],
               ) -> dict[str, list[cloud.Candidate]]:
        """Return the hosts that the filter keeps, with what it leaves."""
        self.flags(unknown=policy, group="vfio_compat")
        states = [
            moves.host_state(self.nodes[name], self.cell, found)
            for name, found in candidates.items()]
        return {state.host: state.allocation_candidates
                for state in self.filter.filter_all(states, move.spec())}
