# SPDX-License-Identifier: Apache-2.0

"""Many reporters that start in the same moment, against one Placement.

::

    python benchmarks/fleet_start.py [N | --full] [--types T]

Each is the part of the service that talks to Placement, in a thread, with a
connection of its own, and does what the service does until its report is
published; the hosts are of T types, so all hosts of one type want the same
names at once. Placement is a real one, on SQLite with four threads: slower
than any in production, so more of them meet there. Printed are the requests
per reporter and what went wrong, for the first start and for a restart.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
import logging
import pathlib
import statistics
import sys
import tempfile
import threading
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from oslo_config import cfg  # noqa: E402

from nova_vfio_compat import conf as conf_  # noqa: E402
from nova_vfio_compat.host import tree  # noqa: E402
from nova_vfio_compat.placement import client  # noqa: E402
from nova_vfio_compat.placement import codec  # noqa: E402
from nova_vfio_compat.placement import errors  # noqa: E402
from nova_vfio_compat.placement import provider  # noqa: E402
from nova_vfio_compat.placement import report  # noqa: E402
from nova_vfio_compat.reporter import backoff  # noqa: E402
from nova_vfio_compat.reporter import line  # noqa: E402
from nova_vfio_compat.reporter import metrics  # noqa: E402
from nova_vfio_compat.reporter import publisher  # noqa: E402
from tests.functional import placement_server  # noqa: E402
from tests.unit.placement import samples  # noqa: E402


class _Counted:
    """The way to Placement, counted."""

    def __init__(self, server: placement_server.PlacementServer) -> None:
        self._adapter = server.adapter()
        self.requests: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()

    def rest(self) -> None:
        """Keep no connection, as the service does between two rounds."""
        self._adapter.session.session.close()

    def request(self, url: str, method: str, **kwargs: object) -> object:
        self.requests[method] += 1
        response = self._adapter.request(url, method, **kwargs)
        self.answers[response.status_code] += 1
        return response


class Reporter:
    """One host's."""

    def __init__(
        self,
        server: placement_server.PlacementServer,
        number: int,
        wanted: report.Report,
    ) -> None:
        self.node = provider.Provider(
            uuid=f"00000000-0000-4000-8000-{number:012d}",
            name=f"cmp{number}",
        )
        self.wanted = wanted
        self.way = _Counted(server)
        self.failed: Counter[str] = Counter()
        conf = cfg.ConfigOpts()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(f"[vfio_compat]\ncompute_node = {self.node.name}\n")
            file.flush()
            conf_.load(conf, [], "fleet_start", [file.name])
        way = line.Line(
            self.way,  # type: ignore[arg-type]
            metrics.Figures(), line.Pulse(), threading.Event(),
        )
        options = conf.vfio_compat
        self._backoff = backoff.Backoff(
            options.retry_interval, options.max_retry_interval
        )
        self._publisher = publisher.Publisher(
            conf, tree.HostTree("/"), client.PlacementClient(way), way.sleep
        )

    def run(self) -> None:
        """Publish, however often it takes."""
        while True:
            try:
                self._publisher.publish(self.wanted, verify=True)
                return
            except errors.PlacementError as error:
                self.failed[type(error).__name__] += 1
            finally:
                self.way.rest()
            time.sleep(self._backoff.next())


def start(reporters: list[Reporter]) -> float:
    """Start all at once; returns seconds until the last is done."""
    gate = threading.Event()

    def run(reporter: Reporter) -> None:
        gate.wait()
        reporter.run()

    threads = [
        threading.Thread(target=run, args=(item,)) for item in reporters
    ]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    gate.set()
    for thread in threads:
        thread.join()
    return time.monotonic() - begin


def tell(what: str, reporters: Iterable[Reporter], seconds: float) -> None:
    """Print what a start has come to."""
    counts = [sum(item.way.requests.values()) for item in reporters]
    methods = sum((item.way.requests for item in reporters), Counter())
    answers = sum((item.way.answers for item in reporters), Counter())
    failed = sum((item.failed for item in reporters), Counter())
    print(
        f"{what}: {len(counts)} reporters in {seconds:.1f} s\n"
        f"  requests per reporter: median {statistics.median(counts):g}, "
        f"mean {statistics.mean(counts):.2f}, at most {max(counts)}; "
        f"{dict(methods)}\n"
        f"  answers: {dict(sorted(answers.items()))}\n"
        f"  rounds that failed and were done again: {dict(failed) or 0}"
    )


def main() -> None:
    """Start them twice, and look at every report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=100)
    parser.add_argument("--full", action="store_true", help="1000 of them")
    parser.add_argument("--types", type=int, default=3)
    args = parser.parse_args()
    number = 1000 if args.full else args.number
    logging.disable(logging.WARNING)
    types = [
        samples.report_with(pci_0000_81_00_0=samples.nic(f"28.{n}.1000"))
        for n in range(args.types)
    ]
    server = placement_server.PlacementServer()
    server.start()
    try:
        wrong = 0
        for what in ("first start", "restart"):
            reporters = [
                Reporter(server, n, types[n % len(types)])
                for n in range(number)
            ]
            if what == "first start":
                for item in reporters:
                    server.create_provider(item.node.name, item.node.uuid)
            tell(what, reporters, start(reporters))
        for item in reporters:
            uuid = provider.report_provider_uuid(item.node.uuid)
            found = codec.decode(server.traits_of(uuid))
            wrong += (found.classes, found.devices) != (
                item.wanted.classes, item.wanted.devices
            )
        print(f"reports that are not what they should be: {wrong}")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
