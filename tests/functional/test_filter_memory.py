# SPDX-License-Identifier: Apache-2.0
"""One filter object while the fleet changes: nothing needs a restart."""

from __future__ import annotations

import pathlib

import fixtures

from tests import trees
from tests.fleets import moves
from tests.functional import filtering

PFS = ("0000:81:00.0", "0000:82:00.0")


class FilterMemoryTestCase(filtering.FilterTestCase):
    """host0 has the instance, host1 might take it; unknown hosts may not."""

    def report(self, name: str, *firmwares: str, days: int = 0) -> None:
        """Write a tree with a PF of each firmware, and publish it."""
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        host = trees.HostBuilder(root).kernel()
        for address, firmware in zip(PFS, firmwares, strict=False):
            host.mlx5_pf(address, firmware=firmware, vfs=1)
        self.cloud.set_devices(self.nodes[name], moves.VF_CLASS, {
            "pci_" + address.replace(":", "_").replace(".", "_"): 1
            for address in PFS[:len(firmwares)]})
        self.cloud.publish(self.nodes[name], root, days)

    def destinations(self, pf: str = PFS[0]) -> dict[str, list[str]]:
        """Migrate a VF of a PF; return what is left of each host."""
        request = moves.Request.of(moves.VF_CLASS, (1,))
        candidates = self.candidates(request)
        source = self.nodes["host0"]
        name = "pci_" + pf.replace(":", "_").replace(".", "_")
        move = moves.Move(self.cell, source, request)
        self.cloud.claim(move.migration, next(
            candidate for candidate in candidates.pop("host0")
            if request.devices(candidate, source) == {request.ids[0]: [name]}))
        move.hold([(trees.offset_address(pf, 2), pf, request.ids[0])])
        kept = self.decide("reject", move, candidates)
        self.cloud.release(move.migration)
        return {
            host: [device for candidate in found
                   for device in request.devices(
                       candidate, self.nodes[host])[request.ids[0]]]
            for host, found in kept.items()}

    def test_class_never_seen_before(self) -> None:
        """Hosts that are upgraded later to something new are understood."""
        self.report("host0", "28.41.1000")
        self.report("host1", "28.43.1000")
        self.assertEqual({}, self.destinations())
        self.report("host0", "28.45.1000")
        self.report("host1", "28.45.1000")
        self.assertEqual(["host1"], list(self.destinations()))
        self.report("host1", "28.46.1000")
        self.assertEqual({}, self.destinations())

    def test_cards_that_change_places(self) -> None:
        """What was remembered of a mixed host goes when its report changes.

        Both ways round, so that no order of candidates is right by luck.
        """
        self.report("host0", "28.41.1000", "28.43.1000")
        self.report("host1", "28.41.1000", "28.43.1000")
        self.assertEqual(
            {"host1": ["pci_0000_81_00_0"]}, self.destinations(PFS[0]))
        self.assertEqual(
            {"host1": ["pci_0000_82_00_0"]}, self.destinations(PFS[1]))
        self.report("host1", "28.43.1000", "28.41.1000")
        self.assertEqual(
            {"host1": ["pci_0000_82_00_0"]}, self.destinations(PFS[0]))
        self.assertEqual(
            {"host1": ["pci_0000_81_00_0"]}, self.destinations(PFS[1]))

    def test_reporter_that_died(self) -> None:
        """A report counts for two days."""
        self.report("host0", "28.41.1000")
        for days, kept in ((0, ["host1"]), (2, ["host1"]), (3, [])):
            self.report("host1", "28.41.1000", days=days)
            self.assertEqual(kept, list(self.destinations()), days)
