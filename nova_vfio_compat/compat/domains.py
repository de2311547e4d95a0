# SPDX-License-Identifier: Apache-2.0

"""What a variable of a template may stand for.

``int`` and ``string`` list their texts; so the proposals of 2020 have it.
The other four are this project's: their texts cannot be listed, only
recognised. They are for rules of ours and of operators, never for what a
kernel declares: nobody knows what its author would have meant by them.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import re

from nova_vfio_compat.compat import versions

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")

#: kinds whose values are recognised and not listed
OPEN = ("version", "set", "min", "any")


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """``{name:int:1,2,4}``, ``{name:string:"a","b"}``: one of the texts."""

    values: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Versions:
    """``{name:version:2.0.2-2.0.4,2.1.0-}``: a release in a range.

    Ranges include their bounds; one number alone is that release. An open
    end reaches as far as the major version does: the only ones who used
    this notation considered other majors incompatible (Cornelia Huck,
    4 Aug 2020). What is no plain release is in no range.
    """

    ranges: tuple[versions.Range, ...]

    def admits(self, text: str) -> bool:
        """Whether the variable may stand for ``text``."""
        release = versions.release(text)
        return release is not None and any(
            release in item for item in self.ranges
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Subset:
    """``{name:set:a,b,c}``: a list with none but these, in any order.

    The source has some features and the destination must have them all.
    A source without features has a subset of everything.
    """

    items: frozenset[str]

    def admits(self, text: str) -> bool:
        """Whether the variable may stand for ``text``."""
        return not text or self.items.issuperset(split_set(text))


@dataclasses.dataclass(frozen=True, slots=True)
class AtLeast:
    """``{name:min:100}``: an integer that is at least this one.

    As everything in a template it is about the source's value.
    """

    least: int

    def admits(self, text: str) -> bool:
        """Whether the variable may stand for ``text``."""
        return bool(INTEGER.fullmatch(text)) and int(text) >= self.least


@dataclasses.dataclass(frozen=True, slots=True)
class Anything:
    """``{name:any}``: any text, and none: the attribute may be absent."""

    def admits(self, text: str) -> bool:
        """Whether the variable may stand for ``text``: it may."""
        return True


Open = Versions | Subset | AtLeast | Anything


def split_set(text: str) -> Iterable[str]:
    """The members of a set that is written as a list."""
    return (item.strip(" ") for item in text.split(","))
