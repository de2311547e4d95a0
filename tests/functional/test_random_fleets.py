# SPDX-License-Identifier: Apache-2.0
"""The real filter and the oracle decide on the same random fleets.

Every host is a tree on disk that is published, by the code that the reporter
runs, into a real Placement; the instance and its migration are in a real
cell database, its allocations in Placement; the candidates come from there.
One filter object decides on all fleets of a test, one after the other on
the same compute nodes, as if all hosts were upgraded again and again.
"""

from __future__ import annotations

import os
import pathlib
import random
from typing import Any

from tests.fleets import cloud
from tests.fleets import fleet as fleet_
from tests.fleets import moves
from tests.fleets import workspace
from tests.functional import filtering
from tests.oracle import fleet as oracle
from tests.oracle import rules

# Of each of the four tests.
FLEETS = int(os.environ.get("NOVA_VFIO_COMPAT_FLEETS", "51"))
Answer = rules.Answer


class RandomFleets(filtering.FilterTestCase):
    """Fleets of 3 to 8 hosts."""

    HOSTS = 8

    def setUp(self) -> None:
        """Start with no answers."""
        super().setUp()
        self.said: list[Answer] = []

    def test_first_quarter(self) -> None:
        """The filter keeps exactly the hosts that the oracle keeps."""
        self._fleets()

    def test_second_quarter(self) -> None:
        """Other fleets, because two processes share the work."""
        self._fleets()

    def test_third_quarter(self) -> None:
        """Still other fleets."""
        self._fleets()

    def test_fourth_quarter(self) -> None:
        """The last of more than 200 fleets."""
        self._fleets()

    def _fleets(self) -> None:
        with workspace.random_trees() as (seed, root):
            # Each test has its own fleets under one seed.
            rng = random.Random("%d %s" % (seed, self.id()))
            for index in range(FLEETS):
                self._decide(rng, root / str(index))
        if FLEETS > 20:
            for answer in Answer:
                self.assertIn(answer, self.said)

    def _decide(self, rng: random.Random, root: pathlib.Path) -> None:
        names = rng.sample(sorted(self.nodes), rng.choice(
            (3, 3, 3, 3, 4, 4, 5, 8)))
        fleet = fleet_.Fleet(rng, root, names)
        nodes = {name: self.nodes[name] for name in names}
        others = [node for name, node in self.nodes.items()
                  if name not in names]
        for node in others:
            self.cloud.set_devices(node, fleet.resource_class, {})
        self.cloud.withdraw(others)
        fleet_.publish(fleet, self.cloud, nodes)
        counts: tuple[int, ...] = (1,)
        if fleet.resource_class != fleet_.VGPU:
            counts = rng.choice(((1,), (1,), (2,), (1, 1)))
        request = moves.Request.of(fleet.resource_class, counts)
        candidates = self.candidates(request)
        if len(candidates) < 2:
            return
        source = rng.choice(sorted(candidates))
        move, held = self._start(rng, fleet, nodes[source], request,
                                 rng.choice(candidates.pop(source)))
        expected = {
            name: [
                fleet.answer(source, held, name,
                             request.devices(candidate, nodes[name]))
                if fleet.hosts[source].fresh else Answer.UNKNOWN
                for candidate in found]
            for name, found in candidates.items()}
        for policy in ("accept", "reject", "last_resort"):
            self._compare(root, policy, move, candidates, expected)
        self.said += [oracle.best(found) for found in expected.values()]
        self.cloud.release(move.migration)

    def _start(self, rng: random.Random, fleet: fleet_.Fleet,
               source: cloud.Node, request: moves.Request,
               candidate: cloud.Candidate) -> tuple[Any, Any]:
        """Let an instance hold a candidate's devices and migrate."""
        move = moves.Move(self.cell, source, request)
        self.cloud.claim(move.migration, candidate)
        held = request.devices(candidate, source)
        if request.resource_class != fleet_.VGPU:
            functions = fleet.functions(rng, source.name, held)
            move.hold(functions)
            held = fleet_.device_names(functions)
        return move, held

    def _compare(self, root: pathlib.Path, policy: str, move: moves.Move,
                 candidates: dict[str, list[cloud.Candidate]],
                 expected: dict[str, list[Answer]]) -> None:
        kept = self.decide(policy, move, candidates)
        best = {name: oracle.best(found)
                for name, found in expected.items()}
        self.assertEqual(
            sorted(oracle.kept(best, policy)),
            sorted(kept),
            "unknown=%s, from %s, in %s" % (policy, move.source.name, root))
        for host, left in kept.items():
            # Nova claims the first: each that is left must be as good.
            answers = dict(zip(
                map(str, candidates[host]), expected[host], strict=True))
            for candidate in left:
                self.assertIs(
                    best[host], answers[str(candidate)],
                    "%s: candidate %s, in %s" % (host, candidate, root))
            self.assertNotEqual([], left)
