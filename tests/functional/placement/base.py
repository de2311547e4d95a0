# SPDX-License-Identifier: Apache-2.0

"""What the tests against a real Placement share."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import datetime
import re
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import exceptions
from oslotest import base
import requests

from nova_vfio_compat.placement import client
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report as report_
from tests.functional import placement_server

TODAY = datetime.date(2026, 11, 22)
YESTERDAY = TODAY - datetime.timedelta(days=1)
TOMORROW = TODAY + datetime.timedelta(days=1)


@dataclasses.dataclass
class _Accident:
    request: str
    before: Callable[[], object] | None
    done: bool
    answer: int | None
    times: int


class Wire(adapter.Adapter):
    """The way to Placement: it keeps a log, and breaks when told to.

    Every request that it lets through is answered by the real Placement.

    :ivar log: ``METHOD url`` of every request, uuids and ids shortened
    """

    def __init__(self, server: placement_server.PlacementServer) -> None:
        real = server.adapter()
        super().__init__(real.session, service_type="placement")
        self.log: list[str] = []
        self._accidents: list[_Accident] = []
        self._left: int | None = None

    def accident(
        self,
        request: str,
        before: Callable[[], object] | None = None,
        done: bool = True,
        answer: int | None = None,
        times: int = 1,
    ) -> None:
        """Something happens to the next requests that match a pattern.

        :param before: somebody else does this just before
        :param done: whether the request reaches Placement
        :param answer: the status that is seen instead of Placement's; 0
            for a lost connection; None for no accident
        """
        self._accidents.append(
            _Accident(request, before, done, answer, times)
        )

    def die_after(self, requests_: int) -> None:
        """Let this number of requests through and none after them."""
        self._left = requests_

    def request(self, url: str, method: str, **kwargs: Any) -> Any:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Died()
        line = f"{method} {url}"
        self.log.append(_short(line))
        accident = next(
            (
                item
                for item in self._accidents
                if item.times and re.search(item.request, line)
            ),
            None,
        )
        if accident is None:
            return super().request(url, method, **kwargs)
        accident.times -= 1
        if accident.before is not None:
            accident.before()
        if accident.done:
            response = super().request(url, method, **kwargs)
            if accident.answer is None:
                return response
        if not accident.answer:
            raise exceptions.ConnectFailure("the connection broke")
        broken = requests.Response()
        broken.status_code = accident.answer
        return broken


class Died(BaseException):
    """The reporter was killed here."""


class PlacementTestCase(base.BaseTestCase):
    """A Placement of its own per class, empty at the start of each test."""

    server: placement_server.PlacementServer

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = placement_server.PlacementServer()
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self) -> None:
        super().setUp()
        self.server.empty()
        self.sleeps: list[float] = []
        self.wire = Wire(self.server)
        self.client = client.PlacementClient(self.wire)

    def node(self, number: int = 1) -> provider.Provider:
        """A compute node, created on first use as nova-compute does."""
        node = provider.Provider(
            uuid=f"00000000-0000-4000-8000-{number:012d}",
            name=f"cmp{number}.example.org",
        )
        if self.server.provider_named(node.name) is None:
            self.server.create_provider(node.name, node.uuid)
        return node

    def publish(
        self,
        node: provider.Provider,
        report: report_.Report,
        today: datetime.date = TODAY,
    ) -> publish.Change:
        """Publish with the requests logged from here on."""
        self.wire.log.clear()
        return publish.publish(
            self.client, node, report, today, self.sleeps.append
        )

    def published(self, node: provider.Provider) -> report_.Report:
        """What anybody can read of a compute node's report."""
        uuid = provider.report_provider_uuid(node.uuid)
        return codec.decode(self.server.traits_of(uuid))

    def assert_published(
        self,
        node: provider.Provider,
        report: report_.Report,
        *days: datetime.date,
    ) -> None:
        """The report of a node is this one, seen on these days."""
        seen = frozenset(day.strftime("%Y%m%d") for day in days or (TODAY,))
        self.assertEqual(
            dataclasses.replace(report, seen=seen), self.published(node)
        )


def _short(line: str) -> str:
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", line)
    line = re.sub(r"(CLASS|DEF)_[A-Z2-7]{26}(\w*)", r"\1", line)
    return re.sub(r"/resource_providers", "/rps", line)
