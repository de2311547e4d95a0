# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat matrix``: who can go where in the fleet."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import pathlib
import sys
from typing import Any

from cliff import columns

from nova_vfio_compat.cli import fleet as fleet_
from nova_vfio_compat.cli import main
from nova_vfio_compat.cli import matrix_html
from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import render

COLUMNS = (
    "Source", "Destination", "Hosts", "Verdict", "Evidence", "Reasons",
)
SUMMARY = (
    "Class", "Family", "Evidence", "Hosts", "Can go to", "Can come from",
    "Stranded", "Reason",
)
# Hosts named in a sentence.
_EXAMPLES = 5

Class = device_class.DeviceClass


class ClassName(columns.FormattableColumn[Any]):
    """A class: its id for programs, words for people."""

    def human_readable(self) -> str:
        return str(self._value[1])

    def machine_readable(self) -> str:
        return str(self._value[0])


class Counts(columns.FormattableColumn[Any]):
    """Hosts of a source and of a destination class."""

    def human_readable(self) -> str:
        return "%d -> %d" % self._value

    def machine_readable(self) -> list[int]:
        return list(self._value)


class Matrix(fleet_.PlacementCommand):
    """Show which classes of devices can move to which, in the whole fleet.

    A row per ordered pair of classes that hosts have published: whether a
    device of class Destination can load what one of class Source writes,
    and how many hosts have either. With -f json, yaml or csv classes are
    their ids and Hosts is the two numbers. Hosts without a fresh report
    count for nothing, as in the scheduler, and are named on standard error.

    Examples: nova-vfio-compat matrix --summary
    and: nova-vfio-compat matrix --html fleet.html
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--summary",
            action="store_true",
            help="a row per class: on how many hosts it is, to and from how "
            "many it can move, and from how many it can go nowhere",
        )
        parser.add_argument(
            "--html",
            metavar="FILE",
            help="write a page to look at to FILE as well; it needs no "
            "network and no other file",
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Read the fleet and compare every class with every other."""
        conf = self.configuration(parsed_args)
        now = datetime.datetime.now(datetime.UTC)
        found = published.read(self.client(conf), now.date())
        relax = frozenset(conf.vfio_compat.relax)
        known = relations.Relations(found, relax)
        for line in notes(found):
            print(f"{self.app.NAME}: {line}", file=sys.stderr)
        if parsed_args.html:
            _write(
                parsed_args.html,
                matrix_html.page(found, known, now, sorted(relax)),
            )
        if parsed_args.summary:
            return SUMMARY, list(summary(known))
        return COLUMNS, list(pairs(known))


def notes(found: published.Fleet) -> Iterator[str]:
    """Sentences on what is left out, and what to do about it."""
    if found.stale:
        yield (
            f"{len(found.stale)} hosts have a report that is too old, and "
            f"do not count: {_some(item.name for item in found.stale)}; see "
            "why nova-vfio-compat-reporter does not publish there."
        )
    if found.missing:
        yield (
            f"{len(found.missing)} compute nodes have no report: "
            f"{_some(found.missing)}; run nova-vfio-compat-reporter there."
        )
    if found.undefined:
        yield (
            f"{len(found.undefined)} classes have a definition that cannot "
            f"be read and are left out: {_some(sorted(found.undefined))}."
        )
    if not found.hosts:
        yield (
            "no host has published a report; start "
            "nova-vfio-compat-reporter on the compute hosts."
        )


def pairs(known: relations.Relations) -> Iterator[tuple[Any, ...]]:
    """A row for each ordered pair of classes that occur."""
    occurring = [one for one in known.classes if known.hosts(one)]
    for source in occurring:
        for destination in occurring:
            said = known.judge(source, destination)
            texts = [render.reasons_text(said)]
            if (
                said.unverified
                and said.outcome is not codes.Outcome.INCOMPATIBLE
            ):
                texts.append(f"unverified: {', '.join(said.unverified)}")
            yield (
                ClassName((source.id, known.label(source))),
                ClassName((destination.id, known.label(destination))),
                Counts((
                    len(known.hosts(source)), len(known.hosts(destination))
                )),
                said.outcome.value,
                said.evidence.value,
                "; ".join(filter(None, texts)),
            )


def summary(known: relations.Relations) -> Iterator[tuple[Any, ...]]:
    """A row for each class that occurs."""
    for one in known.classes:
        hosts = known.hosts(one)
        if not hosts:
            continue
        sources = {
            host
            for other in known.classes
            if known.judge(other, one).outcome is codes.Outcome.COMPATIBLE
            for host in known.hosts(other)
        }
        yield (
            ClassName((one.id, known.label(one))),
            one.family,
            one.evidence.value,
            len(hosts),
            len(known.target_hosts(one)),
            len(sources),
            len(known.stranded(one)),
            "" if one.reason is None else one.reason.value,
        )


def _write(name: str, text: str) -> None:
    try:
        pathlib.Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise main.UsageError(
            f"--html {name} cannot be written: {error.strerror}; give "
            "another file"
        ) from None


def _some(names: Iterable[str]) -> str:
    """A few of some names, and how many more there are."""
    listed = list(names)
    text = ", ".join(listed[:_EXAMPLES])
    more = len(listed) - _EXAMPLES
    return f"{text} and {more} more" if more > 0 else text
