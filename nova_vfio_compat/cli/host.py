# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat host``: what the fleet has published."""

from __future__ import annotations

import argparse
from typing import Any

from nova_vfio_compat.cli import fleet
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import listing
from nova_vfio_compat.placement import provider
from nova_vfio_compat.placement import render
from nova_vfio_compat.placement import report as report_


class HostList(fleet.PlacementCommand):
    """List the hosts that have published a report."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        return ("Host", "Provider", "Seen", "Classes"), [
            (
                provider.hypervisor_hostname(found.provider.name),
                found.provider.uuid,
                found.seen,
                found.classes,
            )
            for found in listing.hosts(
                self.client(self.configuration(parsed_args))
            )
        ]


class HostShow(fleet.PlacementCommand):
    """Show what a host has published."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "host",
            metavar="HOST",
            help="name of the compute node (hypervisor hostname)",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[str, str, str]]]:
        client = self.client(self.configuration(parsed_args))
        name = provider.report_provider_name(parsed_args.host)
        found = client.provider_by_name(name)
        report = _read(client, found) if found else None
        if found is None or report is None:
            raise errors.NoReport(parsed_args.host)
        return render.COLUMNS, [
            ("provider", found.name, found.uuid),
            *render.rows(report),
        ]


def _read(
    client: client_.PlacementClient, found: provider.Provider
) -> report_.Report | None:
    """The report of a provider; None if it is gone or has none."""
    traits = client.provider_traits(found.uuid)
    if traits is None:
        return None
    report = codec.decode(traits.names)
    return report if report.present else None
