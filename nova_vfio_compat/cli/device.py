# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat device list``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence

from cliff import lister

from nova_vfio_compat.cli import hosts
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors

COLUMNS = (
    "Device", "Kind", "Driver", "Type", "Class", "Migratable", "Evidence",
    "Reason",
)


class DeviceList(lister.Lister):
    """List the devices of a host that a guest may get.

    Class is what decides where a device can migrate: two devices of one
    class are the same. What could not be read or understood is printed to
    stderr, a line each.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's options."""
        parser = super().get_parser(prog_name)
        hosts.add_arguments(
            parser,
            "devices that it does not offer to guests get the reason "
            "not_offered. Without it, and without what a snapshot has of "
            "it, every device counts as offered, and as managed by libvirt.",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """Scan the host."""
        tree = hosts.open_tree(parsed_args.root)
        offered = hosts.offered(tree, parsed_args.config_file)
        host = hosts.look(tree, offered)
        hosts.print_problems(host, self.app.stderr)
        if not host.devices:
            print(
                f"{parsed_args.root} has no device that a guest could get "
                "and that could migrate.",
                file=self.app.stderr,
            )
        return COLUMNS, [
            _row(item, offered is not None) for item in host.devices
        ]


def _row(item: device_.Device, configured: bool) -> tuple[str, ...]:
    return (
        item.name,
        item.kind,
        # As files are called: by whoever made them.
        errors.printable(item.driver or ""),
        errors.printable(item.type or ""),
        ", ".join(one.id for one in item.classes),
        hosts.migratable(item),
        hosts.evidence(item),
        "; ".join(code.value for code in hosts.reasons(item, configured)),
    )
