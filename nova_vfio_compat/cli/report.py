# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat report``: taking away what was published."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import datetime
import sys

from oslo_config import cfg

from nova_vfio_compat.cli import fleet
from nova_vfio_compat.host import tree as tree_
from nova_vfio_compat.placement import client as client_
from nova_vfio_compat.placement import errors
from nova_vfio_compat.placement import prune
from nova_vfio_compat.placement import removal
from nova_vfio_compat.placement import withdraw
from nova_vfio_compat.reporter import compute_node

COLUMNS = ("Action", "Kind", "Name", "Detail")


class _Removing(fleet.PlacementCommand):
    """A command that takes something away and lists it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="list what would be done, and do nothing",
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """List what was done, also where it broke off; then say why."""
        self._errors: list[errors.PlacementError] = []
        code = super().run(parsed_args)
        for error in self._errors:
            code = self.failed(error, error.exit_code)
        return code

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[str, str, str, str]]]:
        conf = self.configuration(parsed_args)
        steps = self.steps(conf, self.client(conf), parsed_args)
        rows = []
        try:
            for step in steps:
                rows.append((
                    step.action.value, step.kind.value, step.name, step.detail
                ))
        except errors.PlacementError as error:
            if not rows:
                raise
            self._errors.append(error)
        if parsed_args.dry_run:
            print("Dry run: nothing was changed.", file=sys.stderr)
        elif not rows:
            print("There was nothing to do.", file=sys.stderr)
        return COLUMNS, rows

    def steps(
        self,
        conf: cfg.ConfigOpts,
        client: client_.PlacementClient,
        parsed_args: argparse.Namespace,
    ) -> Iterator[removal.Step]:
        """What is done, as it is done."""
        raise NotImplementedError


class ReportWithdraw(_Removing):
    """Take back the report of this host, or of all hosts.

    The host becomes one of which nothing is known; the reporter must have
    been stopped, or it publishes again. The report's resource provider
    stays, without traits, as long as the compute node exists. With --all
    every report and every trait of this project goes, to uninstall it.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--all",
            action="store_true",
            help="the reports of all hosts, and every trait of this project",
        )
        return parser

    def steps(
        self,
        conf: cfg.ConfigOpts,
        client: client_.PlacementClient,
        parsed_args: argparse.Namespace,
    ) -> Iterator[removal.Step]:
        if parsed_args.all:
            if parsed_args.dry_run:
                return withdraw.plan_all(client)
            return withdraw.everything(client)
        tree = tree_.HostTree(conf.vfio_compat.host_root)
        try:
            node = compute_node.find(conf, tree, client)
        except errors.NoComputeNode as error:
            raise errors.NothingToWithdraw(str(error)) from None
        if parsed_args.dry_run:
            return withdraw.plan_one(client, node)
        return withdraw.one(client, node)


class ReportPrune(_Removing):
    """Remove what hosts have left behind.

    Reports whose compute node is gone, and traits of this project that no
    provider has. Safe beside running reporters and schedulers.
    """

    def steps(
        self,
        conf: cfg.ConfigOpts,
        client: client_.PlacementClient,
        parsed_args: argparse.Namespace,
    ) -> Iterator[removal.Step]:
        today = datetime.datetime.now(datetime.UTC).date()
        if parsed_args.dry_run:
            return prune.plan(client, today)
        return prune.prune(client, today)
