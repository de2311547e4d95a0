# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat device list``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence

from cliff import lister
from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.cli import hosts
from nova_vfio_compat.cli import main
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered as offered_

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
        parser.add_argument(
            "--root",
            default="/",
            metavar="DIR",
            help="root of the host's files (default: /, the running host)",
        )
        parser.add_argument(
            "--config-file",
            action="append",
            default=[],
            metavar="FILE",
            help=(
                "nova.conf of the host; devices that it does not offer to "
                "guests get the reason not_offered. Without it every "
                "device counts as offered, and as managed by libvirt. May "
                "be repeated."
            ),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """Scan the host."""
        offered = _offered(parsed_args.config_file)
        host = hosts.read(parsed_args.root, offered)
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


def _offered(files: list[str]) -> offered_.Offered | None:
    if not files:
        return None
    conf = cfg.ConfigOpts()
    try:
        conf_.load(conf, [], "nova-vfio-compat", files)
        return offered_.Offered.from_conf(conf)
    except (conf_.ConfigurationError, errors.ConfigError) as error:
        raise main.UsageError(str(error)) from None


def _row(item: device_.Device, configured: bool) -> tuple[str, ...]:
    evidence = sorted({one.evidence.value for one in item.classes})
    return (
        item.name,
        item.kind,
        item.driver or "",
        item.type or "",
        ", ".join(one.id for one in item.classes),
        hosts.migratable(item),
        ", ".join(evidence),
        hosts.reasons(item, configured),
    )
