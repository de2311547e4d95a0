# SPDX-License-Identifier: Apache-2.0

"""What Nova spends on hosts whose device cannot take the state.

The real API, conductor, scheduler and computes of Nova in one process, with
libvirt's fake and a real Placement, once with the filter and once without::

    python benchmarks/wrong_host.py [--hosts N]

One server with a VF is live-migrated. ``wrong`` of the hosts have another
firmware; they are also the emptiest ones, as freshly upgraded hosts are, so
Nova's weigher takes them first. A wrong host refuses late, in two ways:

``pre-check``
    after the claims, in the destination's last check. The conductor tries
    the next host by itself. No Nova makes such a check for a VF today.
``QEMU``
    when the state is loaded. The migration fails after the memory has been
    copied, and Nova does not try again: somebody asks for it again, each
    time naming another host.
"""

from __future__ import annotations

import argparse
from collections import Counter
import logging
import pathlib
import sys
import typing
import unittest
from urllib import parse

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

# It chooses Nova's threading mode, which must be before all else of Nova.
import tests.functional  # noqa: E402,F401

# isort: split

import fixtures  # noqa: E402
from nova import exception  # noqa: E402
from nova.compute import manager  # noqa: E402
from nova.compute import resource_tracker  # noqa: E402
from nova.scheduler import manager as scheduler_manager  # noqa: E402
from nova.scheduler import utils as scheduler_utils  # noqa: E402
from nova.scheduler.client import report  # noqa: E402
from nova.tests.fixtures import libvirt as fakelibvirt  # noqa: E402
from nova.tests.functional.api import client as api_client  # noqa: E402
from oslo_messaging import transport  # noqa: E402

from tests.functional.nova import vf  # noqa: E402

GOOD, OTHER = "28.43.1000", "28.41.1000"
#: what is counted; the names are the columns of the table
TRIES = "hosts tried"
SCHEDULED = "scheduled"
FAILED = "migrations failed"
CLAIMS = "claims"
PCI_CLAIMS = "PCI claims"
RPCS = "RPCs"
PLACEMENT = "Placement"
COLUMNS = (FAILED, TRIES, SCHEDULED, CLAIMS, PCI_CLAIMS, RPCS, PLACEMENT)
LATE = ("pre-check", "QEMU")


class WrongHosts(vf.VfFleet):
    """Counts what passes between Nova's parts; not a test of its own."""

    #: the default of the option, which only the filter knows
    UNKNOWN = None
    HOSTS = 6
    LATE = LATE[0]
    found: typing.ClassVar[list[tuple[typing.Any, ...]]] = []

    def setUp(self) -> None:
        """Start Nova and count from now on."""
        self.wrong: frozenset[str] = frozenset()
        self.spent: Counter[str] = Counter()
        super().setUp()
        self._count(
            transport.Transport, "_send", RPCS)
        self._count(
            scheduler_manager.SchedulerManager, "select_destinations",
            SCHEDULED)
        self._count(scheduler_utils, "claim_resources", CLAIMS)
        self._count(
            resource_tracker.ResourceTracker, "claim_pci_devices",
            PCI_CLAIMS)
        for verb in ("get", "put", "post", "delete"):
            self._count(report.SchedulerReportClient, verb, PLACEMENT)
        self._refuse_late()

    def runTest(self) -> None:
        """Migrate to fleets with more and more wrong hosts."""
        self.start("src", GOOD)
        names = ["dst%d" % number for number in range(self.HOSTS)]
        for number, name in enumerate(names):
            # Each host has more memory than those after it.
            with self._memory(1 + self.HOSTS - number):
                self.start(name, GOOD)
        server = self.boot("src")
        for wrong in sorted({0, 1, self.HOSTS // 2, self.HOSTS - 1,
                             self.HOSTS}):
            self._migrate(server, names, wrong)

    def _migrate(self, server: typing.Any, names: list[str],
                 wrong: int) -> None:
        self.wrong = frozenset(names[:wrong])
        for name in names:
            self.report(name, OTHER if name in self.wrong else GOOD)
        # A host that has refused frees its device only now.
        self._run_periodics()
        self.spent.clear()
        left = list(names)
        wanted = None
        while left and not self._moved(server, wanted):
            self.spent[FAILED] += 1
            if self.filter_says_no or self.LATE != "QEMU":
                break
            left = [name for name in left if name not in self.tried]
            wanted = left[0] if left else None
        self.found.append((
            self.LATE, wrong, self.HOSTS, self.FILTER,
            dict(self.spent), self.host_of(server) != "src"))
        self.wrong = frozenset()
        if self.host_of(server) != "src":
            self.assertEqual("src", self.live_migrate(server, host="src"))

    def _moved(self, server: typing.Any, wanted: str | None) -> bool:
        """Ask for a live migration; whether the server has moved."""
        self.tried: set[str] = set()
        self.filter_says_no = False
        before = len(self.prechecks.hosts)
        # The fake's domain does not forget that a job has failed.
        connection = self.computes["src"].driver._host.get_connection()
        domain = connection.lookupByUUIDString(server["id"])
        domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_NONE
        self.admin_api.microversion = "latest"
        try:
            self.admin_api.post_server_action(server["id"], {
                "os-migrateLive": {
                    "host": wanted, "block_migration": "auto"}})
        except api_client.OpenStackApiException as error:
            # The RPC casts are calls here.
            if "NoValidHost" not in str(error):
                raise
            self.filter_says_no = True
        self._wait_for_assert(lambda: self.assertIn(
            self.last_migration(server)["status"],
            ("completed", "failed", "error")), max_retries=60)
        self._wait_for_state_change(server, "ACTIVE")
        moved = bool(
            self.last_migration(server)["status"] == "completed")
        self.tried.update(self.prechecks.hosts[before:])
        self.spent[TRIES] += len(self.prechecks.hosts) - before
        if moved:
            self.wait_until_freed(server)
        return moved

    def _count(self, owner: typing.Any, name: str, what: str) -> None:
        original = getattr(owner, name)

        def counted(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            self.spent[what] += 1
            return original(*args, **kwargs)

        self.useFixture(fixtures.MockPatchObject(owner, name, counted))

    def _memory(self, times: int) -> typing.Any:
        """Let the next compute have so many times the memory."""
        original = fakelibvirt.HostInfo

        def host_info(**kwargs: typing.Any) -> typing.Any:
            kwargs["kB_mem"] *= times
            return original(**kwargs)

        return fixtures.MockPatchObject(fakelibvirt, "HostInfo", host_info)

    def _refuse_late(self) -> None:
        """Let wrong destinations refuse where no scheduler sees it."""
        original = manager.ComputeManager.check_can_live_migrate_destination

        def check(compute: typing.Any, *args: typing.Any,
                  **kwargs: typing.Any) -> typing.Any:
            data = original(compute, *args, **kwargs)
            if self.LATE == "pre-check" and compute.host in self.wrong:
                raise exception.MigrationPreCheckError(
                    reason="the device cannot load the state")
            return data

        self.useFixture(fixtures.MockPatchObject(
            manager.ComputeManager, "check_can_live_migrate_destination",
            check))

    def _migrate_stub(self, domain: typing.Any, destination: str,
                      params: typing.Any, flags: typing.Any) -> None:
        """Let QEMU on a wrong destination fail to load the state."""
        host = parse.urlparse(destination).netloc
        if self.LATE == "QEMU" and host in self.wrong:
            source = self.computes[domain._connection.hostname]
            connection = source.driver._host.get_connection()
            connection.lookupByUUIDString(domain.UUIDString()).fail_job()
            return
        super()._migrate_stub(domain, destination, params, flags)


def main() -> None:
    """Run both fleets in both ways and print what each spent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=6)
    args = parser.parse_args()
    # Nova tells of all its services.
    logging.disable(logging.ERROR)
    for late in LATE:
        for filtered in (False, True):
            name = f"{late} {'with' if filtered else 'without'} the filter"
            case = type(name, (WrongHosts,), {
                "HOSTS": args.hosts, "LATE": late, "FILTER": filtered})
            result = unittest.TestResult()
            case().run(result)
            for _, text in (*result.errors, *result.failures):
                # Nova's fixtures may have taken the other one.
                print(text, file=sys.__stderr__)
            if not result.wasSuccessful():
                sys.exit(1)
    print(f"{'late':>10}{'wrong':>10}{'filter':>8}{'moved':>7}" + "".join(
        f"{column:>{len(column) + 3}}" for column in COLUMNS))
    for late, wrong, hosts, filtered, spent, moved in WrongHosts.found:
        print(
            f"{late:>10}{wrong:>5} of{hosts:>2}"
            f"{'on' if filtered else 'off':>8}{'yes' if moved else 'no':>7}"
            + "".join(f"{spent.get(column, 0):>{len(column) + 3}}"
                      for column in COLUMNS))


if __name__ == "__main__":
    main()
