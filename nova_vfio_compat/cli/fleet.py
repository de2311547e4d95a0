# SPDX-License-Identifier: Apache-2.0

"""What the commands share that talk to Placement."""

from __future__ import annotations

import argparse
import sys

from cliff import lister
from oslo_config import cfg

from nova_vfio_compat import conf as conf_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors


class PlacementCommand(lister.Lister):
    """A command that needs Placement; its errors are one sentence."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--config-file",
            action="append",
            metavar="FILE",
            help="file with the [placement] credentials, may be repeated "
            "(default: /etc/nova/nova.conf)",
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Exit code 1 if Placement cannot be asked, 2 for configuration."""
        try:
            return super().run(parsed_args)
        except (conf_.ConfigurationError, errors.PlacementError) as error:
            return self.failed(error, error.exit_code)

    def failed(self, error: Exception, exit_code: int) -> int:
        """Say why the command failed; returns its exit code."""
        print(f"{self.app.NAME}: {error}.", file=sys.stderr)
        return exit_code

    def configuration(self, parsed_args: argparse.Namespace) -> cfg.ConfigOpts:
        """What the files say.

        :raises ConfigurationError: they cannot be used
        """
        conf = cfg.ConfigOpts()
        conf_.load(conf, [], "nova-vfio-compat", parsed_args.config_file)
        return conf

    def client(self, conf: cfg.ConfigOpts) -> client_.PlacementClient:
        """A client whose Placement has been asked for its version.

        :raises ConfigurationError: the credentials cannot be used
        :raises PlacementError: Placement cannot be asked, or is too old
        """
        client = client_.from_conf(conf)
        client.check_version()
        return client
