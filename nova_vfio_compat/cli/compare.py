# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat compare SOURCE DESTINATION``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import json
import pathlib
from typing import Any

from cliff import lister

from nova_vfio_compat.cli import hosts
from nova_vfio_compat.cli import main
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import render
from nova_vfio_compat.compat import verdict
from nova_vfio_compat.host import describe
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import errors

COLUMNS = ("Source", "Destination", "Verdict", "Evidence", "Reasons")

# The worst of several pairings is what a pair of devices gets.
_WORST_FIRST = (
    codes.Outcome.INCOMPATIBLE,
    codes.Outcome.UNKNOWN,
    codes.Outcome.CONDITIONAL,
    codes.Outcome.COMPATIBLE,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A source device, a destination device, and every verdict on them."""

    source: str
    destination: str
    verdicts: tuple[verdict.Verdict, ...]

    @property
    def outcome(self) -> codes.Outcome:
        """Compatible only if every possible pairing of classes is."""
        found = {item.outcome for item in self.verdicts}
        return next(item for item in _WORST_FIRST if item in found)

    def row(self) -> tuple[str, ...]:
        """The pair as a row of the table."""
        decisive = [v for v in self.verdicts if v.outcome is self.outcome]
        evidence = min(
            (item.evidence for item in decisive),
            key=lambda item: item.strength,
        )
        reasons = dict.fromkeys(
            render.reasons_text(item) for item in decisive
        )
        texts = [text for text in reasons if text]
        unverified = sorted({
            name for item in decisive for name in item.unverified
        })
        if unverified and self.outcome is not codes.Outcome.INCOMPATIBLE:
            texts.append(f"unverified: {', '.join(unverified)}")
        return (
            self.source,
            self.destination,
            self.outcome.value,
            evidence.value,
            "; ".join(texts),
        )


    def document(self) -> dict[str, Any]:
        """The pair as JSON: a verdict for every pairing of classes."""
        return {
            "source": self.source,
            "destination": self.destination,
            "verdict": self.outcome.value,
            "verdicts": [render.verdict_dict(one) for one in self.verdicts],
        }


class Compare(lister.Lister):
    """Compare the devices of two hosts.

    A row per device of SOURCE and device of DESTINATION: whether the
    destination can load what the source writes. Of a snapshot that knows
    nova.conf only the devices that Nova offers take part. The exit code is
    0 if every device of SOURCE has a destination that accepts it, 1 if not,
    and 2 if that cannot be said, because a host cannot be read or
    otherwise.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "source",
            metavar="SOURCE",
            help=(
                "root of the source host's files, or a snapshot of it; / is "
                "the running host. A file whose name ends in .json is one "
                "class, as the documentation describes it"
            ),
        )
        parser.add_argument(
            "destination",
            metavar="DESTINATION",
            help="the same of the destination",
        )
        parser.add_argument(
            "--verdicts",
            metavar="FILE",
            help=(
                "write every verdict, with all that it rests on, to FILE as "
                "JSON"
            ),
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the table and return the documented exit code."""
        self._exit_code = 0
        return super().run(parsed_args) or self._exit_code

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """Read both hosts and compare."""
        stderr = self.app.stderr
        sides = []
        for root in (parsed_args.source, parsed_args.destination):
            host = hosts.read(root)
            hosts.print_problems(host, stderr, f"{root}: ")
            if host.unlisted:
                raise main.UsageError(
                    f"{root}: {', '.join(host.unlisted)} cannot be listed, "
                    "so devices may be missing and nothing is compared: run "
                    "the command as a user who can read it."
                )
            sides.append(_named(host))
        sources, destinations = sides
        if not sources:
            print(
                f"{parsed_args.source} has no device that could migrate: "
                "there is nothing to compare.",
                file=stderr,
            )
        pairs = [
            pair(source, destination)
            for source in sources.items()
            for destination in destinations.items()
        ]
        if parsed_args.verdicts:
            _write(parsed_args.verdicts, pairs)
        placed = {
            item.source for item in pairs
            if item.outcome is codes.Outcome.COMPATIBLE
        }
        if placed != set(sources):
            self._exit_code = main.EXIT_NO
        if sources and not destinations:
            print(
                f"{parsed_args.destination} has no device that could be a "
                "destination.",
                file=stderr,
            )
        return COLUMNS, [item.row() for item in pairs]


def _write(name: str, pairs: Sequence[Pair]) -> None:
    """Write pairs to a file, a line of JSON each."""
    text = ",\n".join(json.dumps(item.document()) for item in pairs)
    try:
        pathlib.Path(name).write_text(f"[{text}]\n", encoding="ascii")
    except OSError as error:
        raise main.UsageError(f"{name}: {error.strerror}") from None


def pair(
    source: tuple[str, device_.Device],
    destination: tuple[str, device_.Device],
) -> Pair:
    """Judge every class of one device against every class of another."""
    for side, item in (("source", source[1]), ("destination", destination[1])):
        if not item.classes:
            unknown = verdict.Verdict(
                codes.Outcome.UNKNOWN,
                codes.Evidence.INFERRED,
                code=codes.Code.UNREADABLE,
                side=side,
            )
            return Pair(source[0], destination[0], (unknown,))
    return Pair(
        source[0],
        destination[0],
        tuple(
            acceptance.judge(ours, theirs)
            for ours in source[1].classes
            for theirs in destination[1].classes
        ),
    )


def _named(host: device_.HostScan) -> dict[str, device_.Device]:
    """The devices that take part, by a name that no other has."""
    taking_part = [item for item in host.devices if _takes_part(item)]
    types = Counter(
        item.name for item in taking_part if item.kind == device_.MDEV_TYPE
    )
    named = {}
    for item in taking_part:
        name = item.name
        # A type is called what a vendor or a snapshot's maker likes.
        suffix = errors.printable(item.type or item.kind)
        if item.kind == device_.MDEV_TYPE and types[name] > 1:
            name = f"{name}/{suffix}"
        # A function that is offered itself and is an mdev parent as well.
        while name in named:
            name = f"{name}/{suffix}"
        named[name] = item
    return named


def _takes_part(item: device_.Device) -> bool:
    # What Nova does not hand out is neither moved nor a destination; where
    # no nova.conf is known everything counts as offered.
    if item.kind == device_.PF or not item.offered:
        return False
    if item.kind == device_.PCI:
        return item.classes[0].family != describe.UNCLAIMED
    return True
