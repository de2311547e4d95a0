# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat trait show``: what published traits say."""

from __future__ import annotations

import argparse
import re
import sys

from cliff import lister

from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import render

# Whatever somebody else's table, CSV or JSON has around names.
_SEPARATORS = re.compile(r"[\s,;|\"'\[\]{}()]+")
# Read from a pipe: more than the traits of any provider.
_MAX_INPUT = 4 * 1024 * 1024


class TraitShow(lister.Lister):
    """Decode the traits of a report: classes, devices, days.

    Exit code 1 if some of them cannot be decoded, or none is of a report.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "trait",
            nargs="+",
            metavar="TRAIT",
            help="name of a trait; - reads names from standard input, as "
            "another command prints them",
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Show the table; a problem in it decides the exit code."""
        self._problems = False
        return super().run(parsed_args) or int(self._problems)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[str, str, str]]]:
        names: list[str] = []
        for argument in parsed_args.trait:
            if argument == "-":
                text = sys.stdin.read(_MAX_INPUT)
                names.extend(filter(None, _SEPARATORS.split(text)))
            else:
                names.append(argument)
        report = codec.decode(names)
        self._problems = bool(report.problems)
        rows = render.rows(report)
        if report.present:
            rows.insert(0, ("report", codec.REPORT, ""))
        if not rows:
            self._problems = True
            print(
                f"{self.app.NAME}: none of these names is a trait of this "
                f"project: those start with {codec.PREFIX}.",
                file=sys.stderr,
            )
        return render.COLUMNS, rows
