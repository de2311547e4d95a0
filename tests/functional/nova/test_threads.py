# SPDX-License-Identifier: Apache-2.0
"""One filter object in many threads, and in forked workers.

Placement is real and over HTTP, the instances and their migrations are in a
real cell database; the threads and processes are those of a scheduler that
is asked for many instances at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent import futures
import json
import os
import pathlib
import threading
import traceback
from typing import Any

import fixtures
from keystoneauth1 import adapter
from nova import test
from nova.scheduler.client import report

from nova_vfio_compat.scheduler import filter as filter_
from tests import trees
from tests.fleets import cloud
from tests.fleets import moves
from tests.functional import placement_server

PFS = ("0000:81:00.0", "0000:82:00.0")
OLD, NEW, NEWEST = "28.41.1000", "28.43.1000", "28.45.1000"
#: firmware of each PF of each host; some hosts have two sorts
HOSTS = (
    (OLD,), (NEW,), (OLD,), (NEW,), (NEWEST,), (OLD, NEW), (NEW, OLD),
    (NEW, NEWEST), (OLD, OLD), (NEW, NEW), (NEWEST, OLD),
)
MIGRATIONS = 50
WORKERS = 2
#: per host that is kept the PFs of the candidates that are left
Answer = dict[str, list[str]]


class _Client:
    """What the filter uses of Nova's report client, on an own session."""

    def __init__(self, to: adapter.Adapter) -> None:
        self._adapter = to

    def get(self, url: str, version: str | None = None) -> Any:
        return self._adapter.get(url, microversion=version)


class TestManyAtOnce(test.TestCase):
    """Many instances leave their hosts at the same moment."""

    def setUp(self) -> None:
        """Start Placement with eleven hosts that have reported."""
        super().setUp()
        self.server = placement_server.PlacementServer()
        self.addCleanup(self.server.stop)
        self.server.start()
        self._connect()
        self.cloud = cloud.Cloud(self.server.url)
        self.cloud.add_resource_class(moves.VF_CLASS)
        self.cloud.keep_dates((1, 2))
        self.cell = self.cell_mappings["cell1"]
        self.nodes = [
            self._host("host%d" % index, firmwares)
            for index, firmwares in enumerate(HOSTS)]
        self.flags(unknown="reject", group="vfio_compat")

    def test_threads(self) -> None:
        """Fifty at once are answered as one after the other."""
        self._begin(MIGRATIONS)
        expected = self._one_by_one()
        together = filter_.VfioCompatFilter()
        start = threading.Barrier(MIGRATIONS)

        def decide(move: tuple[Any, Any]) -> Answer:
            start.wait()
            return self._decide(together, *move)

        with futures.ThreadPoolExecutor(MIGRATIONS) as pool:
            found = list(pool.map(decide, self.moves))
        self.assertEqual(expected, found)
        # Each sort of answer is among them: else nothing was compared.
        self.assertLess(3, len({str(answer) for answer in found}))
        self.assertNotIn({}, found)

    def test_forked_workers(self) -> None:
        """A filter that was made before the fork works in each process."""
        self._begin(len(HOSTS))
        made = filter_.VfioCompatFilter()
        # As in nova-scheduler the client exists, and has not been used.
        self._connect()
        found = [self._fork(made) for _ in range(WORKERS)]
        answers = [_read(*child) for child in found]
        self._connect()
        self.assertEqual([self._one_by_one()] * WORKERS, answers)

    def _begin(self, count: int) -> None:
        """Let so many instances migrate."""
        self.moves = [self._move(index) for index in range(count)]

    def _connect(self) -> None:
        """Give the filter a client that has not been used."""
        client = _Client(self.server.adapter())
        self.useFixture(fixtures.MonkeyPatch(
            "nova.scheduler.client.report.report_client_singleton",
            lambda: client))
        self.assertIs(client, report.report_client_singleton())

    def _host(self, name: str, firmwares: Iterable[str]) -> cloud.Node:
        """Start a compute node with a PF of each firmware; report it."""
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        host = trees.HostBuilder(root).kernel()
        totals = {}
        for address, firmware in zip(PFS, firmwares, strict=False):
            host.mlx5_pf(address, firmware=firmware, vfs=1)
            totals[_nodedev(address)] = MIGRATIONS
        node = self.cloud.add_node(name)
        self.cloud.set_devices(node, moves.VF_CLASS, totals)
        self.cloud.publish(node, root)
        return node

    def _move(self, index: int) -> tuple[Any, Any]:
        """Let an instance hold a VF and migrate; with its candidates."""
        source = self.nodes[index % len(self.nodes)]
        request = moves.Request.of(moves.VF_CLASS, (1,))
        found = self.cloud.candidates(request.query)
        # In an order of our own: Placement has none.
        candidates = {
            node.name: sorted(
                found[node.uuid],
                key=lambda one: request.devices(one, node)[request.ids[0]])
            for node in self.nodes}
        own = candidates.pop(source.name)
        held = own[index // len(self.nodes) % len(own)]
        (pf,) = request.devices(held, source)[request.ids[0]]
        move = moves.Move(self.cell, source, request)
        self.cloud.claim(move.migration, held)
        address = "{1}:{2}:{3}.{4}".format(*pf.split("_"))
        move.hold([
            (trees.offset_address(address, 2), address, request.ids[0])])
        return move, candidates

    def _one_by_one(self) -> list[Answer]:
        alone = filter_.VfioCompatFilter()
        return [self._decide(alone, *move) for move in self.moves]

    def _decide(self, one: filter_.VfioCompatFilter, move: moves.Move,
                candidates: dict[str, list[cloud.Candidate]]) -> Answer:
        nodes = {node.name: node for node in self.nodes}
        states = [
            moves.host_state(nodes[name], self.cell, found)
            for name, found in candidates.items()]
        return {
            state.host: [
                device for candidate in state.allocation_candidates
                for device in move.request.devices(
                    candidate, nodes[state.host])[move.request.ids[0]]]
            for state in one.filter_all(states, move.spec())}

    def _fork(self, one: filter_.VfioCompatFilter) -> tuple[int, int]:
        """Decide on all in a child; its process id, and where it writes."""
        reading, writing = os.pipe()
        child = os.fork()
        if child:
            os.close(writing)
            return child, reading
        try:
            os.close(reading)
            try:
                said: object = [
                    self._decide(one, *move) for move in self.moves]
            except BaseException:
                said = traceback.format_exc()
            with os.fdopen(writing, "w") as file:
                json.dump(said, file)
        finally:
            # Nothing of the test runner may run in the child.
            os._exit(0)


def _read(child: int, reading: int) -> Any:
    """What a child has written when it ends."""
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)


def _nodedev(address: str) -> str:
    return "pci_" + address.replace(":", "_").replace(".", "_")
