# SPDX-License-Identifier: Apache-2.0
"""What has become of the cited parts in another kernel."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import enum
import functools
import pathlib
import re

from kernel_rules import catalogue
from kernel_rules import source


class Fate(enum.Enum):
    """What a cited part has become."""

    SAME = "same"
    CHANGED = "changed"
    MOVED = "moved"
    #: moved, and no more the same
    MOVED_CHANGED = "moved and changed"
    VANISHED = "vanished"
    #: what was to be absent is there now
    APPEARED = "appeared"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What one part has become, and where it is now."""

    cited: catalogue.Cited
    fate: Fate
    place: str | None = None

    @property
    def line(self) -> str:
        """The finding for people, and for grep."""
        word = "in" if self.fate is Fate.APPEARED else "to"
        where = f" {word} {self.place}" if self.place else ""
        return (
            f"{self.fate.value}{where}: {self.cited.path} "
            f"{self.cited.name} (cited by {', '.join(self.cited.rules)})")


class Kernel:
    """The source of a kernel, or of the parts that are cited."""

    def __init__(self, top: pathlib.Path) -> None:
        self.top = top
        self.read = functools.lru_cache(maxsize=None)(self._read)

    @property
    def release(self) -> str | None:
        """As Makefile has it; None if this is no kernel."""
        found = {
            name: re.search(
                rf"^{name} *= *(\S+)", self.read("Makefile") or "", re.M)
            for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")
        }
        if not all(found.values()):
            return None
        return ".".join(value[1] for value in found.values() if value)

    def _read(self, path: str) -> str | None:
        try:
            return (self.top / path).read_bytes().decode(errors="replace")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def files(self, path: str) -> list[str]:
        """Return the C files of a directory and below, or the file."""
        place = self.top / path
        if not place.is_dir():
            return [path] if place.is_file() else []
        return sorted(
            str(found.relative_to(self.top))
            for found in place.rglob("*.[ch]") if found.is_file())

    def digest(self, path: str, name: str) -> str | None:
        """Return the digest of a definition, None if there is none."""
        text = self.read(path)
        found = source.definition(text, name) if text else None
        return None if found is None else source.digest(found)


def findings(
    kernel: Kernel, known: catalogue.Catalogue
) -> Iterator[Finding]:
    """Say of each cited part what it has become."""
    for item in known.definitions:
        # Functions of one name in two drivers are not one that moved.
        others = {
            other.path for other in known.definitions
            if other.name == item.name
        }
        yield _definition(kernel, item, others)
    for item in known.absent:
        yield _absent(kernel, item)


def _definition(
    kernel: Kernel, item: catalogue.Cited, others: set[str]
) -> Finding:
    digest = kernel.digest(item.path, item.name)
    if digest is not None:
        same = digest == item.digest
        return Finding(item, Fate.SAME if same else Fate.CHANGED)
    elsewhere = [
        (path, kernel.digest(path, item.name))
        for path in _near(kernel, item, others)
    ]
    for path, digest in elsewhere:
        if digest == item.digest:
            return Finding(item, Fate.MOVED, path)
    folder = item.path.rpartition("/")[0]
    for path, digest in elsewhere:
        # Further away it may be another one with the same name.
        if digest is not None and path.rpartition("/")[0] == folder:
            return Finding(item, Fate.MOVED_CHANGED, path)
    return Finding(item, Fate.VANISHED)


def _near(
    kernel: Kernel, item: catalogue.Cited, others: set[str]
) -> Iterable[str]:
    """The other files that name it, from those beside its own outwards.

    Code moves within its driver, or within a tree such as drivers/crypto.
    """
    parts = item.path.split("/")[:-1]
    seen = set(others)
    while len(parts) > 1:
        for path in kernel.files("/".join(parts)):
            if path not in seen:
                seen.add(path)
                if item.name.split()[-1] in (kernel.read(path) or ""):
                    yield path
        parts.pop()


def _absent(kernel: Kernel, item: catalogue.Cited) -> Finding:
    files = kernel.files(item.path)
    if not files:
        return Finding(item, Fate.VANISHED)
    for path in files:
        if source.mentions(kernel.read(path) or "", item.name):
            return Finding(item, Fate.APPEARED, path)
    return Finding(item, Fate.SAME)


def recorded(
    kernel: Kernel, known: catalogue.Catalogue, release: str
) -> catalogue.Catalogue:
    """Return the list with this kernel's text as what is expected.

    :raises CatalogueError: a part is not where the list has it
    """
    definitions = []
    for item in known.definitions:
        digest = kernel.digest(item.path, item.name)
        if digest is None:
            raise catalogue.CatalogueError(
                f"{item.path} does not define {item.name}")
        definitions.append(dataclasses.replace(item, digest=digest))
    return dataclasses.replace(
        known, release=release, definitions=tuple(definitions))
