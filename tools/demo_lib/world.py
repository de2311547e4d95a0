# SPDX-License-Identifier: Apache-2.0
"""Everything that the demo sets up, in one temporary folder."""

from __future__ import annotations

import pathlib
import shutil
import typing

from demo_lib import decisions
from demo_lib import fleet
from demo_lib import logs
from demo_lib import nova_conf
from demo_lib import output
from demo_lib import placement_http
from demo_lib import providers
from demo_lib import reporters
from demo_lib import trees

if typing.TYPE_CHECKING:
    from demo_lib import nova_side


class World:
    """A Placement, a fleet of hosts and a Nova."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.conf = folder / "nova.conf"
        self.nova_log = folder / "nova-scheduler.log"
        self.placement: placement_http.Placement | None = None
        self.nova: nova_side.Nova | None = None

    @property
    def server(self) -> placement_http.Placement:
        assert self.placement is not None
        return self.placement

    def site(self, host: fleet.Host) -> reporters.Site:
        """Where the files of a host are."""
        return reporters.Site(host, self.folder / "hosts" / host.name)

    def start_placement(self) -> None:
        """Start the server and write the scheduler's nova.conf."""
        with output.step("Placement: a real server, SQLite") as said:
            self.placement = placement_http.Placement(self.folder)
            self.placement.wait()
            said.append(self.placement.url)
        nova_conf.write_scheduler(self.folder, self.placement.url)

    def add_hosts(self) -> None:
        """Write the hosts' trees and files, and Nova's providers."""
        with output.step("%d host trees" % len(fleet.FLEET)):
            for host in fleet.FLEET:
                site = self.site(host)
                trees.write(host, site.root)
                nova_conf.write_compute(
                    host, providers.uuid_of(host.name), site.conf.parent,
                    self.server.url,
                )
        with output.step("Nova's resource providers and inventories"):
            for host in fleet.FLEET:
                providers.create(self.server, host)

    def report(self) -> dict[str, str]:
        """Run every host's reporter; what each wrote, by host."""
        hosts = [host for host in fleet.FLEET if host.reports]
        with output.step("%d reporters, each a process" % len(hosts)):
            return reporters.report(self.site(host) for host in hosts)

    def start_nova(self) -> None:
        """Make Nova's databases and start its scheduler."""
        with output.step("Nova's code, and its configuration"):
            logs.to_file(self.nova_log)
            # Seconds that nobody should wait for in silence.
            from demo_lib import nova_side

            self.nova = nova_side.Nova(self.folder, self.conf, self.server)
        with output.step("Nova's databases, by its own migrations"):
            self.nova.create_databases()
        with output.step("Nova's services, compute nodes, PCI devices"):
            self.nova.add_hosts()
        with output.step("Nova's scheduler, with VfioCompatFilter"):
            self.nova.start_scheduler()

    def migrate(self, host: fleet.Host, name: str) -> decisions.Decision:
        """Start a live migration of an instance; what Nova decides."""
        assert self.nova is not None
        return self.nova.migrate(host, name)

    def upgrade(self, host: fleet.Host) -> None:
        """Give a host other devices and let its reporter see them."""
        with output.step("%s gets %s" % (host.name, host.describe())):
            site = self.site(host)
            shutil.rmtree(site.root)
            trees.write(host, site.root)
            reporters.report([site])
