# SPDX-License-Identifier: Apache-2.0
"""Fixtures that watch or disturb what passes between Nova's parts."""

from __future__ import annotations

from collections.abc import Callable
import threading
import typing

import fixtures
from nova.compute import rpcapi
from nova.scheduler import host_manager
from nova.scheduler.client import report
import sqlalchemy


class PreChecks(fixtures.Fixture):
    """Records to which hosts the destination pre-check is sent.

    ``hosts`` are the destinations in order; the call goes through.
    """

    def _setUp(self) -> None:
        self.hosts: list[str] = []
        original = rpcapi.ComputeAPI.check_can_live_migrate_destination

        def check(api: typing.Any, ctxt: typing.Any, instance: typing.Any,
                  destination: str, *args: typing.Any,
                  **kwargs: typing.Any) -> typing.Any:
            self.hosts.append(destination)
            return original(api, ctxt, instance, destination, *args, **kwargs)

        self.useFixture(fixtures.MonkeyPatch(
            "nova.compute.rpcapi.ComputeAPI"
            ".check_can_live_migrate_destination", check))


class Filtering(fixtures.Fixture):
    """Records what the scheduler's filters read, and can make it fail.

    Nova's own filters read neither Placement nor a database, so whatever is
    read while they run is ours.

    ``requests`` are the URLs of Placement, ``statements`` the SQL texts.
    ``answer``, if set, is called with each URL first; what it returns is the
    answer unless it is None.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.statements: list[str] = []
        self.answer: Callable[[str], typing.Any] | None = None
        self._inside = threading.local()

    def clear(self) -> None:
        """Forget what has been recorded so far."""
        del self.requests[:]
        del self.statements[:]

    def _setUp(self) -> None:
        filtered = host_manager.HostManager.get_filtered_hosts
        get = report.SchedulerReportClient.get

        def get_filtered_hosts(*args: typing.Any,
                               **kwargs: typing.Any) -> typing.Any:
            self._inside.now = True
            try:
                return filtered(*args, **kwargs)
            finally:
                self._inside.now = False

        def fake_get(client: typing.Any, url: str, *args: typing.Any,
                     **kwargs: typing.Any) -> typing.Any:
            if not getattr(self._inside, "now", False):
                return get(client, url, *args, **kwargs)
            self.requests.append(url)
            answer = self.answer(url) if self.answer is not None else None
            if answer is not None:
                return answer
            # The Placement behind it is in this process, and has its own
            # statements.
            self._inside.now = False
            try:
                return get(client, url, *args, **kwargs)
            finally:
                self._inside.now = True

        def statement(connection: typing.Any, cursor: typing.Any, text: str,
                      *args: typing.Any) -> None:
            if getattr(self._inside, "now", False) and text != "BEGIN":
                self.statements.append(text)

        self.useFixture(fixtures.MonkeyPatch(
            "nova.scheduler.host_manager.HostManager.get_filtered_hosts",
            get_filtered_hosts))
        self.useFixture(fixtures.MonkeyPatch(
            "nova.scheduler.client.report.SchedulerReportClient.get",
            fake_get))
        sqlalchemy.event.listen(
            sqlalchemy.Engine, "before_cursor_execute", statement)
        self.addCleanup(
            sqlalchemy.event.remove, sqlalchemy.Engine,
            "before_cursor_execute", statement)
