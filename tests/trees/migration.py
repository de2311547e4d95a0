# SPDX-License-Identifier: Apache-2.0
"""The proposed ``migration/`` folder of a device: one value per file."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib

from tests.trees import files

Attributes = Mapping[str, str | bytes]


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """A device's ``migration/``: what it writes and what it can load.

    ``names`` are the folder names of the alternatives; the proposal allows
    several and names none, so the default is ``compatible`` for one and
    ``compatible0001``... for several.
    """

    self: Attributes
    compatible: Sequence[Attributes] = ()
    names: Sequence[str] | None = None


def _folders(migration: Migration) -> Iterator[tuple[str, Attributes]]:
    names = migration.names
    if names is None:
        count = len(migration.compatible)
        names = ["compatible"] if count == 1 else [
            "compatible%04d" % (index + 1) for index in range(count)]
    yield "self", migration.self
    yield from zip(names, migration.compatible, strict=True)


def write_migration(device: pathlib.Path, migration: Migration) -> None:
    """Write the folder below a device's real folder."""
    for folder, attributes in _folders(migration):
        path = device / "migration" / folder
        path.mkdir(parents=True, exist_ok=True)
        for name, value in attributes.items():
            files.write(path / name, value)
