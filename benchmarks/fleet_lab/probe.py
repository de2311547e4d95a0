# SPDX-License-Identifier: Apache-2.0

"""What a decision takes: of each filter, and as a whole."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import threading
import time
from typing import Any

from nova.scheduler.client import report
import sqlalchemy

OURS = "VfioCompatFilter"


@dataclasses.dataclass(slots=True)
class Spent:
    """Time in seconds, and how many hosts a filter was given."""

    wall: float = 0.0
    cpu: float = 0.0
    hosts: int = 0


@dataclasses.dataclass(slots=True)
class Decision:
    """One ``select_destinations``.

    :ivar whole: all of it; CPU is that of the scheduler's process
    :ivar placement_cpu: what Placement's processes used meanwhile
    :ivar filters: name of each filter to what it took
    :ivar urls: what our filter asked Placement
    :ivar statements: how often it asked a database
    """

    whole: Spent = dataclasses.field(default_factory=Spent)
    placement_cpu: float = 0.0
    filters: dict[str, Spent] = dataclasses.field(default_factory=dict)
    urls: list[str] = dataclasses.field(default_factory=list)
    statements: int = 0
    chosen: str | None = None

    def share(self) -> float:
        """What our filter took of the whole time."""
        return self.filters[OURS].wall / self.whole.wall

    def cpu_share(self) -> float:
        """What our filter took of the scheduler's CPU time."""
        return self.filters[OURS].cpu / self.whole.cpu

    def per_host(self, name: str) -> float:
        """Microseconds of CPU per host that a filter was given."""
        spent = self.filters[name]
        return spent.cpu / max(spent.hosts, 1) * 1e6


class Probe:
    """Wraps filter objects and the report client; one decision at a time."""

    def __init__(self, filters: dict[str, Any]) -> None:
        self._decision = Decision()
        self._inside = threading.local()
        for name, one in filters.items():
            self._wrap(name, one)
        get = report.SchedulerReportClient.get

        def counted(client: Any, url: str, *args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "now", False):
                self._decision.urls.append(url)
            return get(client, url, *args, **kwargs)

        report.SchedulerReportClient.get = counted
        sqlalchemy.event.listen(
            sqlalchemy.Engine, "before_cursor_execute", self._statement
        )

    @contextlib.contextmanager
    def decision(self, placement: Any) -> Iterator[Decision]:
        """Measure what is done inside as one decision."""
        self._decision = found = Decision()
        before = placement.cpu()
        cpu, wall = time.process_time(), time.perf_counter()
        yield found
        found.whole.wall = time.perf_counter() - wall
        found.whole.cpu = time.process_time() - cpu
        found.placement_cpu = placement.cpu() - before

    def _statement(self, connection: Any, cursor: Any, text: str,
                   *args: Any) -> None:
        if getattr(self._inside, "now", False) and text != "BEGIN":
            self._decision.statements += 1

    def _wrap(self, name: str, one: Any) -> None:
        original = one.filter_all

        def filter_all(hosts: Any, spec: Any) -> list[Any]:
            hosts = list(hosts)
            self._inside.now = name == OURS
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return list(original(hosts, spec))
            finally:
                self._decision.filters[name] = Spent(
                    time.perf_counter() - wall,
                    time.thread_time() - cpu,
                    len(hosts),
                )
                self._inside.now = False

        one.filter_all = filter_all
