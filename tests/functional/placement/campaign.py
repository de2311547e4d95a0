# SPDX-License-Identifier: Apache-2.0

"""Reporters that flap between classes while somebody prunes.

As a program it does so for long: ``python -m
tests.functional.placement.campaign --full``; with ``--database postgresql``
on two Placement processes that share a database with real races.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import contextlib
import dataclasses
import datetime
import random
import sys
import threading
import time

from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import prune
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report as report_
from tests.functional import placement_server
from tests.functional.placement import counting
from tests.functional.placement import database
from tests.unit.placement import samples

DAY = datetime.date(2026, 11, 22)
# How often a reporter gives up before somebody has to look into it.
_PATIENCE = 20


def _pause(seconds: float) -> None:
    # Shorter than in real life: there is more of a crowd.
    time.sleep(seconds / 10)


@dataclasses.dataclass
class Campaign:
    """What happens, and what is found.

    :ivar over: whether a reporter that has published may stop
    :ivar others: more Placement processes with the same database
    :ivar published: how many reports were written
    :ivar gave_up: how often a reporter had to come again later
    :ivar pruned: how many names were deleted under the reporters
    :ivar seen: how many reports somebody else has looked at
    :ivar problems: what must not be
    """

    server: placement_server.PlacementServer
    reporters: int
    over: Callable[[int], bool]
    others: tuple[placement_server.PlacementServer, ...] = ()
    counter: counting.Counter = dataclasses.field(
        default_factory=counting.Counter
    )
    published: int = 0
    gave_up: int = 0
    pruned: int = 0
    seen: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)

    def run(self) -> None:
        """Run until every reporter is over; then look at what is left."""
        nodes = [self._node(number) for number in range(self.reporters)]
        last: dict[int, report_.Report] = {}
        stop = threading.Event()
        reporters = [
            threading.Thread(target=self._report, args=(number, node, last))
            for number, node in enumerate(nodes)
        ]
        others = [
            threading.Thread(target=self._repeat, args=(stop, do))
            for do in (self._prune, lambda: self._look(nodes, last))
        ]
        for thread in (*reporters, *others):
            thread.start()
        for thread in reporters:
            thread.join()
        stop.set()
        for thread in others:
            thread.join()
        self._judge(nodes, last)

    def client(self, number: int = 0) -> client_.PlacementClient:
        servers = (self.server, *self.others)
        wire = servers[number % len(servers)].adapter()
        return client_.PlacementClient(counting.Counted(wire, self.counter))

    def _node(self, number: int) -> provider.Provider:
        node = provider.Provider(
            f"00000000-0000-4000-8000-{number:012d}", f"cmp{number}"
        )
        self.server.create_provider(node.name, node.uuid)
        return node

    def _report(
        self,
        number: int,
        node: provider.Provider,
        last: dict[int, report_.Report],
    ) -> None:
        chance = random.Random(number)
        client = self.client(number)
        rounds = in_vain = 0
        # Whether what was given up took effect is not known.
        while in_vain < _PATIENCE and (in_vain or not self.over(rounds)):
            report = _report(chance, self.reporters)
            try:
                publish.publish(client, node, report, DAY, _pause)
            except errors.GaveUp:
                # A reporter comes again in a while.
                in_vain += 1
                self.gave_up += 1
                continue
            except Exception as error:
                self.problems.append(f"{node.name}: {error!r}")
                return
            rounds, in_vain = rounds + 1, 0
            self.published += 1
            last[number] = report
        if in_vain >= _PATIENCE:
            self.problems.append(f"{node.name} could not publish any more")

    def _repeat(
        self, stop: threading.Event, do: Callable[[], None]
    ) -> None:
        while not stop.is_set():
            try:
                do()
            except errors.Transient:
                continue
            except Exception as error:
                self.problems.append(repr(error))
                return

    def _prune(self) -> None:
        self.pruned += len(list(prune.prune(self.client(), DAY, _pause)))

    def _look(
        self, nodes: list[provider.Provider], last: dict[int, report_.Report]
    ) -> None:
        """What a scheduler may read at any moment."""
        client = self.client()
        for number, node in enumerate(nodes):
            published = number in last
            uuid = provider.report_provider_uuid(node.uuid)
            found = client.provider_traits(uuid)
            if found is None or not found.names:
                if published:
                    self.problems.append(f"{node.name}: the report is gone")
                continue
            self.seen += 1
            for problem in codec.decode(found.names).problems:
                self.problems.append(f"{node.name}: {problem}")

    def _judge(
        self, nodes: list[provider.Provider], last: dict[int, report_.Report]
    ) -> None:
        """Reports exact, and the names that are left those in use."""
        today = frozenset({DAY.strftime("%Y%m%d")})
        used = {codec.REPORT}
        for number, node in enumerate(nodes):
            uuid = provider.report_provider_uuid(node.uuid)
            names = self.server.traits_of(uuid)
            used |= names
            if number not in last:
                continue
            wanted = dataclasses.replace(last[number], seen=today)
            if wanted != codec.decode(names):
                self.problems.append(f"{node.name} has another report")
        self._prune()
        left = self.server.trait_names(codec.PREFIX)
        for name in left ^ used:
            if name != codec.seen_trait(DAY + datetime.timedelta(days=1)):
                self.problems.append(f"{name} is left over or missing")


def _report(chance: random.Random, reporters: int) -> report_.Report:
    """One of many reports; at any time many classes are nobody's."""
    firmware = [f"28.{chance.randrange(2 * reporters)}.0" for _ in range(2)]
    return samples.report_with(
        pci_0000_81_00_0=samples.nic(firmware[0]),
        pci_0000_91_00_0=samples.nic(firmware[1]),
        mtty_mtty=samples.vgpu(f"2.{chance.randrange(reporters)}.0"),
    )


def main() -> int:
    """Run the campaign; returns 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="50 reporters, ten minutes"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--seconds", type=int, help="another time than this")
    options = parser.parse_args()
    seconds = options.seconds or (600 if options.full else 20)
    with contextlib.ExitStack() as stack:
        postgresql = None
        servers = [placement_server.PlacementServer()]
        if options.database == "postgresql":
            postgresql = database.PostgreSQL()
            postgresql.start()
            stack.callback(postgresql.stop)
            servers = [
                placement_server.PlacementServer(postgresql.url, threads=16)
                for _ in range(2)
            ]
        for server in servers:
            server.start()
            stack.callback(server.stop)
        start = time.monotonic()
        campaign = Campaign(
            servers[0],
            50 if options.full else 8,
            lambda _: time.monotonic() > start + seconds,
            others=tuple(servers[1:]),
        )
        campaign.run()
        _show(campaign, time.monotonic() - start)
        if postgresql is not None:
            counting.show("Refused by the database", postgresql.errors())
    return 1 if campaign.problems else 0


def _show(campaign: Campaign, seconds: float) -> None:
    print(
        f"{campaign.reporters} reporters, {seconds:.0f} s: "
        f"{campaign.published} reports published, {campaign.pruned} names "
        f"pruned, {campaign.seen} reports read, "
        f"{len(campaign.problems)} problems"
    )
    for problem in sorted(set(campaign.problems)):
        print(problem)
    counter = campaign.counter
    print(f"{counter.requests} requests, {campaign.gave_up} times gave up")
    counting.show("Absorbed", counter.failed)


if __name__ == "__main__":
    sys.exit(main())
