# SPDX-License-Identifier: Apache-2.0
"""What every class here adds to one of Nova's functional test classes."""

from __future__ import annotations

import datetime
from importlib import metadata
import pathlib
import sys
import typing

import fixtures
from keystoneauth1 import adapter
from keystoneauth1 import session
from nova import test
import nova.conf
from nova.tests.functional.api import client as api_client

from nova_vfio_compat.host import offered
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from nova_vfio_compat.placement import client
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import publish
from nova_vfio_compat.placement import report
from tests import trees
from tests.functional.nova import spies

CONF = nova.conf.CONF
Server = dict[str, typing.Any]


def _api_paste() -> str:
    """Return the api-paste.ini of the installed nova.

    Nova's fixtures expect it beside the package, as in its git tree; a wheel
    puts it under the prefix.
    """
    under = pathlib.Path(sys.prefix, "etc/nova/api-paste.ini")
    if under.exists():
        return str(under)
    for path in metadata.files("nova") or ():
        if path.name == "api-paste.ini":
            return str(path.locate())
    raise FileNotFoundError("nova is installed without its api-paste.ini")


class FilterMixin(test.TestCase):
    """Switches the filter on in whatever class it is mixed into."""

    #: False runs the same test with Nova's own filters only.
    FILTER = True

    def setUp(self) -> None:
        """Start Nova's services."""
        self.flags(api_paste_config=_api_paste(), group="wsgi")
        super().setUp()

    def start_service(self, name: str, *args: typing.Any,
                      **kwargs: typing.Any) -> typing.Any:
        """Start a service; before the scheduler, configure the filter."""
        if name == "scheduler" and self.FILTER:
            self.flags(
                available_filters=["nova_vfio_compat.scheduler.all_filters"],
                group="filter_scheduler")
            self.flags(
                enabled_filters=[*CONF.filter_scheduler.enabled_filters,
                                 "VfioCompatFilter"],
                group="filter_scheduler")
        return super().start_service(name, *args, **kwargs)

    def _live_migrate(self, server: Server,
                      migration_expected_state: str = "completed",
                      *args: typing.Any, **kwargs: typing.Any) -> Server:
        """Live migrate as Nova's helper does, and wait until it is over.

        Nova says "completed" a moment before it frees what the migration
        holds on the source (nova/compute/manager.py, at the end of
        _post_live_migration); on a busy machine its own tests look too soon.
        """
        shown = super()._live_migrate(
            server, migration_expected_state, *args, **kwargs)
        if migration_expected_state == "completed":
            self.wait_until_freed(server)
        return typing.cast(Server, shown)

    def wait_until_freed(self, server: Server) -> None:
        """Wait until a migration that is over holds nothing any more."""
        self._wait_for_assert(lambda: self.assertEqual(
            {}, self._get_allocations_by_server_uuid(
                self.last_migration(server)["uuid"])))

    def last_migration(self, server: Server) -> dict[str, typing.Any]:
        """Return the newest migration of a server, as Nova's API has it."""
        found = [item for item in self.admin_api.get_migrations()
                 if item["instance_uuid"] == server["id"]]
        return max(found, key=lambda item: typing.cast(int, item["id"]))


class ReportsMixin(FilterMixin):
    """Host trees on disk, published by our own code into Placement.

    Unless a class says otherwise, what is unknown is rejected, so a server
    that moves does so because its destination is known to be compatible.
    """

    #: ``[vfio_compat] unknown``; None is the default.
    UNKNOWN: str | None = "reject"

    def setUp(self) -> None:
        """Start Nova's services and watch what they say to each other."""
        # Some of Nova's classes start computes in their own setUp.
        self.roots: dict[str, str] = {}
        super().setUp()
        if self.UNKNOWN is not None:
            self.flags(unknown=self.UNKNOWN, group="vfio_compat")
        self.prechecks = self.useFixture(spies.PreChecks())
        self.filtering = self.useFixture(spies.Filtering())

    def tree(self, host: str) -> trees.HostBuilder:
        """Return a builder for a new, empty tree of a host.

        A later call stands for the host after an upgrade.
        """
        self.roots[host] = self.useFixture(fixtures.TempDir()).path
        return trees.HostBuilder(self.roots[host]).kernel()

    def publish(self, host: str, age: int = 0) -> None:
        """Report a host as the reporter does: tree, scan, Placement.

        :param age: days since its reporter was last heard of
        """
        to_placement = client.PlacementClient(adapter.Adapter(
            session.Session(auth=None),
            endpoint_override=self.placement.fixture.endpoint,
            additional_headers={"x-auth-token": "admin"}))
        found = scan.scan(
            tree.HostTree(self.roots[host]),
            offered.Offered.from_conf(CONF))
        day = datetime.datetime.now(datetime.UTC).date()
        publish.publish(
            to_placement,
            provider.Provider(uuid=self.compute_rp_uuids[host], name=host),
            report.report_of(found), day - datetime.timedelta(days=age))

    def host_of(self, server: Server) -> str:
        """Return the host on which Nova's API says that a server is."""
        shown = self.admin_api.get_server(server["id"])
        return typing.cast(str, shown["OS-EXT-SRV-ATTR:host"])

    def allocations(self, server: Server) -> dict[str, dict[str, int]]:
        """Return what a server holds: amounts by class by provider name."""
        held = self._get_allocations_by_server_uuid(server["id"])
        return {
            self._get_resource_provider_by_uuid(uuid)["name"]:
                entry["resources"] for uuid, entry in held.items()}

    def live_migrate(self, server: Server, host: str | None = None) -> str:
        """Live migrate; return the host where the server is afterwards."""
        self.migrate(server, "completed", host)
        return self.host_of(server)

    def migrate(self, server: Server, expected: str,
                host: str | None) -> None:
        """Live migrate until the migration has the expected status.

        Nova's own helper takes no host before 2026.1.
        """
        self.admin_api.post_server_action(server["id"], {
            "os-migrateLive": {"host": host, "block_migration": "auto"}})
        self._wait_for_migration_status(server, [expected])
        self._wait_for_state_change(server, "ACTIVE")
        if expected == "completed":
            self.wait_until_freed(server)

    def assert_refused(self, server: Server, host: str | None = None) -> None:
        """Live migration finds no valid host and leaves no trace.

        Also asserted: the server stays ACTIVE where it is, it holds what it
        held, and no compute was asked whether it could be the destination.
        """
        source = self.host_of(server)
        held = self.allocations(server)
        sent = list(self.prechecks.hosts)
        error = self.assertRaises(
            api_client.OpenStackApiException, self.migrate, server,
            "error", host)
        # The RPC casts are calls here, so the conductor's error gets through.
        self.assertEqual(500, error.response.status_code)
        self.assertIn("NoValidHost", str(error))
        shown = self.admin_api.get_server(server["id"])
        self.assertEqual("ACTIVE", shown["status"])
        self.assertIsNone(shown["OS-EXT-STS:task_state"])
        self.assertEqual(source, shown["OS-EXT-SRV-ATTR:host"])
        self.assertEqual(held, self.allocations(server))
        migration = self.last_migration(server)
        self.assertEqual("error", migration["status"])
        self.assertEqual(
            {}, self._get_allocations_by_server_uuid(migration["uuid"]))
        self.assertEqual(sent, self.prechecks.hosts)

    def logged(self, *words: str) -> list[str]:
        """Return the lines of Nova's log that contain all the words."""
        return [line for line in self.stdlog.logger.output.splitlines()
                if all(word in line for word in words)]
