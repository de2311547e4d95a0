# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat plan``: what an upgrade would do to the fleet."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import datetime
import fnmatch
import re
import sys
from typing import Any

from cliff import columns

from nova_vfio_compat.cli import fleet as fleet_
from nova_vfio_compat.cli import hosts as hosts_
from nova_vfio_compat.cli import main
from nova_vfio_compat.cli import matrix
from nova_vfio_compat.cli import ordering
from nova_vfio_compat.cli import planning
from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.compat import render
from nova_vfio_compat.placement import report as report_

CHANGES = (
    "Source", "Destination", "When", "Before", "Then", "Effect", "Reasons",
)
STEPS = ("Step", "Count", "Hosts", "Note")
# Of a step that are named to people.
_EXAMPLES = 4

_SETTING = re.compile(r"([a-z0-9_.-]+):([^=\s]+)=(.*)", re.DOTALL)


class Plan(fleet_.PlacementCommand):
    """Show what changing some hosts would do to live migration.

    Without --order a row per way between two classes that opens or closes,
    while only one side is changed (during) and once all are (after). With
    --order the steps in which hosts can be changed so that every device
    always has somewhere to go. Each class counts as in use; Nova is not
    asked for servers. Exit code 1 if a migration becomes impossible or
    one-way, or if there is no such order.

    Examples: nova-vfio-compat plan --set mlx5:firmware=28.45.1000 --host cmp1
    and: nova-vfio-compat plan --like upgraded.snapshot --order
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--host",
            action="append",
            metavar="PATTERN",
            help="hosts to change, * and ? match anything; may be repeated "
            "(default: all)",
        )
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--set",
            action="append",
            metavar="FAMILY:ATTRIBUTE=VALUE",
            help="devices of this family get this value; may be repeated",
        )
        what.add_argument(
            "--like",
            metavar="SNAPSHOT",
            help="the hosts become like the one in this snapshot, or at "
            "this root",
        )
        parser.add_argument(
            "--order",
            action="store_true",
            help="show in which order the hosts can be changed",
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the table; what it says decides the exit code."""
        self._exit_code = 0
        return super().run(parsed_args) or self._exit_code

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Read the fleet, change it on paper, and compare."""
        conf = self.configuration(parsed_args)
        # Bad arguments are told before anybody is asked.
        settings = [_setting(text) for text in parsed_args.set or ()]
        like = _like(parsed_args.like) if parsed_args.like else None
        today = datetime.datetime.now(datetime.UTC).date()
        found = published.read(self.client(conf), today)
        for line in matrix.notes(found):
            print(f"{self.app.NAME}: {line}", file=sys.stderr)
        now = {
            host.name: frozenset(
                found.classes[id_] for id_ in host.classes
                if id_ in found.classes
            )
            for host in found.hosts if host.fresh
        }
        after = {
            name: like or _changed(classes, settings)
            for name, classes in now.items()
            if _matches(name, parsed_args.host)
        }
        kinds = planning.kinds(now, after)
        amount = sum(len(one.hosts) for one in kinds if one.changes)
        if not amount:
            raise main.UsageError(
                f"nothing changes: {len(after)} of {len(now)} hosts match "
                "--host, and none of them has such an attribute with "
                "another value; see matrix for families and attributes"
            )
        print(
            f"{self.app.NAME}: {amount} of {len(now)} hosts change.",
            file=sys.stderr,
        )
        relax = frozenset(conf.vfio_compat.relax)
        names = relations.labels(
            {one for kind in kinds for one in kind.before | kind.after}
        )
        if parsed_args.order:
            order = ordering.Planner(kinds, relax).order()
            return STEPS, list(self._order(order, names))
        ways = planning.Ways(kinds, relax)
        return CHANGES, list(self._changes(ways, names))

    def _changes(
        self, ways: planning.Ways, names: dict[str, str]
    ) -> Iterator[tuple[Any, ...]]:
        for one in ways.changes():
            if one.effect != "possible":
                self._exit_code = main.EXIT_NO
            yield (
                matrix.ClassName((one.source.id, names[one.source.id])),
                matrix.ClassName(
                    (one.destination.id, names[one.destination.id])
                ),
                one.when,
                one.before.value,
                one.then.outcome.value,
                one.effect,
                render.reasons_text(one.then),
            )

    def _order(
        self, order: ordering.Order, names: dict[str, str]
    ) -> Iterator[tuple[Any, ...]]:
        for number, step in enumerate(order.steps, 1):
            hosts = list(step.hosts)
            yield (
                number, len(hosts), HostNames(hosts),
                "one after the other, in any order" if len(hosts) > 1 else "",
            )
        if order.complete:
            return
        self._exit_code = main.EXIT_NO
        for obstacle in order.obstacles:
            what = f"{names[obstacle.stranded.id]} on {obstacle.on}"
            text = (
                f"cannot be emptied: no other host accepts {what}"
                if obstacle.leaving else
                f"changing it leaves {what} without a host to go to"
            )
            yield "", 1, HostNames([obstacle.host]), text
        print(
            f"{self.app.NAME}: "
            + ("there is no order" if order.searched else
               "no order was found within the limit of the search")
            + " in which every device always has somewhere to go; the last "
            "rows say what stops the hosts that are left: stop or "
            "cold-migrate their servers, or change more hosts.",
            file=sys.stderr,
        )


class HostNames(columns.FormattableColumn[Any]):
    """Names of hosts: all for programs, some for people."""

    def human_readable(self) -> str:
        names = list(self._value)
        more = len(names) - _EXAMPLES
        text = ", ".join(names[:_EXAMPLES])
        return f"{text} and {more} more" if more > 0 else text


def _matches(name: str, patterns: list[str] | None) -> bool:
    return not patterns or any(
        fnmatch.fnmatchcase(name, pattern) for pattern in patterns
    )


def _setting(text: str) -> tuple[str, str, str]:
    match = _SETTING.fullmatch(text)
    if match is None:
        raise main.UsageError(
            f"--set {text} is not FAMILY:ATTRIBUTE=VALUE, as in "
            "mlx5:firmware=28.45.1000"
        )
    return match[1], match[2], match[3]


def _changed(
    classes: planning.Classes, settings: list[tuple[str, str, str]]
) -> planning.Classes:
    found = classes
    try:
        for setting in settings:
            found = frozenset(
                planning.with_value(one, *setting) for one in found
            )
    except compat_errors.ParseError as error:
        raise main.UsageError(
            f"--set makes no class: {error.one_line()}"
        ) from None
    return found


def _like(root: str) -> planning.Classes:
    scanned = hosts_.read(root)
    # What may be published is no matter here.
    found = report_.report_of(scanned, sys.maxsize)
    if not found.classes:
        raise main.UsageError(
            f"{root} offers no VFIO device; give a snapshot of a host that "
            "does"
        )
    return frozenset(found.classes.values())
