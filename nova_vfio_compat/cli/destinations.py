# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat destinations SERVER``: where a server can go."""

from __future__ import annotations

import argparse
import datetime
import sys

from oslo_config import cfg

from nova_vfio_compat.cli import cloud as cloud_
from nova_vfio_compat.cli import fleet as fleet_
from nova_vfio_compat.cli import main
from nova_vfio_compat.cli import search
from nova_vfio_compat.placement import wire

COLUMNS = ("Host", "Answer", "Devices", "Reasons")


class Destinations(fleet_.PlacementCommand):
    """Show to which hosts a server's VFIO devices can live-migrate.

    A row per host: yes, no or unknown, the devices that Placement could
    hand out there, and every reason. The scheduler decides more than this
    can know: other filters, host aggregates and images, services that are
    down, and, where Placement does not track PCI devices, which one is
    free. Exit code 0 if the answer is yes for one host at least, 1 if for
    none.

    Example: nova-vfio-compat destinations db-7
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "server", metavar="SERVER", help="uuid or name of the server"
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the table; the answer decides the exit code."""
        self._exit_code = 0
        try:
            return super().run(parsed_args) or self._exit_code
        except cloud_.CloudError as error:
            return self.failed(error, error.exit_code)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Ask Nova for the server, and Placement for everything else."""
        conf = self.configuration(parsed_args)
        found = search.Search(
            self.client(conf), self.cloud(conf),
            frozenset(conf.vfio_compat.relax),
        )
        rows = list(found.rows(
            parsed_args.server, datetime.datetime.now(datetime.UTC).date()
        ))
        for line in found.notes:
            print(f"{self.app.NAME}: {line}", file=sys.stderr)
        if not any(row[1] == "yes" for row in rows):
            self._exit_code = main.EXIT_NO
        return COLUMNS, rows

    @staticmethod
    def cloud(conf: cfg.ConfigOpts) -> cloud_.Cloud:
        """The way to Nova and Placement."""
        return cloud_.Cloud(cloud_.compute_wire(conf), wire.from_conf(conf))
