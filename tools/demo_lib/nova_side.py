# SPDX-License-Identifier: Apache-2.0
"""All that needs Nova's code, which takes seconds to load."""

from __future__ import annotations

import pathlib

from demo_lib import decisions
from demo_lib import fleet
from demo_lib import guests
from demo_lib import nova_cloud
from demo_lib import placement_http
from demo_lib import scheduler


class Nova:
    """Databases, scheduler and guests; call the methods in their order."""

    def __init__(
        self, folder: pathlib.Path, conf: pathlib.Path,
        server: placement_http.Placement,
    ) -> None:
        nova_cloud.prepare(conf)
        self._server = server
        self._cloud = nova_cloud.Cloud(folder)
        self._scheduler: scheduler.Scheduler

    def create_databases(self) -> None:
        """Make the schemas."""
        self._cloud.create_databases()

    def add_hosts(self) -> None:
        """Record the fleet."""
        for host in fleet.FLEET:
            self._cloud.add(host)

    def start_scheduler(self) -> None:
        """Load the filters that nova.conf enables."""
        self._scheduler = scheduler.Scheduler(self._cloud)

    def migrate(self, host: fleet.Host, name: str) -> decisions.Decision:
        """Boot an instance on a host and look for its destination."""
        migration = guests.start_live_migration(
            self._cloud, self._server, host, name
        )
        return self._scheduler.decide(migration)
