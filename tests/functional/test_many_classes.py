# SPDX-License-Identifier: Apache-2.0
"""A fleet of more classes than fit into a request."""

from __future__ import annotations

import pathlib
from typing import Any

import fixtures
from nova.scheduler.client import report

from nova_vfio_compat.scheduler import filter as filter_
from tests import trees
from tests.fleets import moves
from tests.functional import filtering

PF = "0000:81:00.0"
NODEDEV = "pci_0000_81_00_0"
#: uwsgi's default buffer, of which token, headers and proxies take a part
BUFFER, OTHERS = 4096, 1200


#: more than fit into one request, of which uwsgi's default buffer takes 33
FIRMWARES = 40


class ManyClassesTestCase(filtering.FilterTestCase):
    """Hosts with as many firmwares; host0 and host40 have the same."""

    HOSTS = FIRMWARES + 2

    def setUp(self) -> None:
        """Report each host; count what Placement is asked."""
        super().setUp()
        for index, name in enumerate(self.nodes):
            self.report(name, index % FIRMWARES)
        self.urls: list[str] = []
        get = report.SchedulerReportClient.get

        def counted(client: Any, url: str, *args: Any, **kwargs: Any) -> Any:
            self.urls.append(url)
            return get(client, url, *args, **kwargs)

        self.useFixture(fixtures.MonkeyPatch(
            "nova.scheduler.client.report.SchedulerReportClient.get",
            counted))

    def report(self, name: str, number: int, days: int = 0) -> None:
        """Report a host with a PF of the firmware of that number."""
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        trees.HostBuilder(root).kernel().mlx5_pf(
            PF, firmware="28.43.%d" % (1000 + number), vfs=1)
        self.cloud.set_devices(
            self.nodes[name], moves.VF_CLASS, {NODEDEV: 1})
        self.cloud.publish(self.nodes[name], root, days)

    def destinations(self) -> tuple[list[str], int]:
        """Migrate off host0; where to, and how much was asked for it."""
        request = moves.Request.of(moves.VF_CLASS, (1,))
        candidates = self.candidates(request)
        move = moves.Move(self.cell, self.nodes["host0"], request)
        self.cloud.claim(move.migration, candidates.pop("host0")[0])
        move.hold([(trees.offset_address(PF, 2), PF, request.ids[0])])
        del self.urls[:]
        kept = sorted(self.decide("reject", move, candidates))
        asked = len(self.urls)
        remembering = self.filter
        self.filter = filter_.VfioCompatFilter()
        # One that remembers nothing says the same.
        self.assertEqual(
            sorted(self.decide("reject", move, candidates)), kept)
        self.filter = remembering
        self.cloud.release(move.migration)
        return kept, asked

    def test_requests(self) -> None:
        """However many classes there are, a warm decision asks little."""
        self.assertEqual(["host40"], self.destinations()[0])
        kept, asked = self.destinations()
        self.assertEqual(["host40"], kept)
        self.assertLessEqual(asked, 5)

    def test_changes(self) -> None:
        """What is remembered of a report goes when the report changes."""
        self.destinations()
        # Others have these classes too: none comes or goes.
        self.report("host40", 5)
        self.report("host41", 0)
        self.assertEqual(["host41"], self.destinations()[0])
        self.report("host41", 0, days=3)
        self.report("host40", 0)
        self.assertEqual(["host40"], self.destinations()[0])

    def test_length(self) -> None:
        """Every request fits into uwsgi's default buffer.

        It holds the query twice, as REQUEST_URI and as QUERY_STRING.
        """
        self.destinations()
        for url in self.urls:
            self.assertLess(
                2 * len(url.partition("?")[2]) + OTHERS, BUFFER, url)
