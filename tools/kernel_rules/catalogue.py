# SPDX-License-Identifier: Apache-2.0
"""The list of what is cited, with how it looked when the rules were made."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re

PLACE = pathlib.Path(__file__).parent / "cited.json"

_PATH = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


class CatalogueError(Exception):
    """The list cannot be read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cited:
    """A part of the kernel that a rule rests on.

    :ivar path: a file; for a claim of absence a directory will do
    :ivar name: of the definition in that file, or the word that is absent
    :ivar rules: the families of the sources that cite it
    :ivar digest: of the definition; None: the word must not be there
    """

    path: str
    name: str
    rules: tuple[str, ...]
    digest: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is cited, and the release whose text was digested."""

    release: str
    definitions: tuple[Cited, ...]
    absent: tuple[Cited, ...]


def load(place: pathlib.Path = PLACE) -> Catalogue:
    """Read the list.

    :raises CatalogueError: it is none
    """
    try:
        document = json.loads(place.read_text())
        return Catalogue(
            str(document["release"]),
            tuple(_cited(item, "digest") for item in document["definitions"]),
            tuple(_cited(item) for item in document["absent"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogueError(f"{place}: {error!r}") from None


def _cited(item: dict[str, object], *digest: str) -> Cited:
    path = str(item["path"])
    rules = item["rules"]
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        raise ValueError(f"{path!r} is no path of a kernel's tree")
    if not isinstance(rules, list) or not rules:
        raise ValueError(f"{path}: no rule cites it")
    known = [str(item[name]) for name in digest]
    return Cited(
        path, str(item["name"]), tuple(str(rule) for rule in rules), *known)


def dump(catalogue: Catalogue) -> str:
    """Return the list as it is kept, one line for each part."""
    def lines(items: tuple[Cited, ...]) -> str:
        return ",\n".join("  " + json.dumps({
            key: value for key, value in {
                "path": item.path, "name": item.name,
                "rules": sorted(item.rules), "digest": item.digest,
            }.items() if value is not None
        }) for item in sorted(items, key=lambda one: (one.path, one.name)))

    return (
        f'{{"release": {json.dumps(catalogue.release)},\n'
        f'"definitions": [\n{lines(catalogue.definitions)}\n],\n'
        f'"absent": [\n{lines(catalogue.absent)}\n]}}\n')
