# SPDX-License-Identifier: Apache-2.0
"""What the kernels said: who can be saved, and who loads what."""

from __future__ import annotations

import dataclasses
import pathlib

from kernel_lab import errors


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """A kernel's answer; if it is no, which step failed with which error."""

    yes: bool
    step: str = "-"
    error: str = "-"

    @property
    def text(self) -> str:
        """The verdict in a few words."""
        return "yes" if self.yes else f"no: {self.step} {self.error}"


@dataclasses.dataclass(frozen=True, slots=True)
class Saved:
    """What came out of a boot that saved its devices' states.

    :ivar devices: name in the laboratory to the directory in sysfs
    """

    host: str
    tree: pathlib.Path
    devices: dict[str, str]
    verdicts: dict[str, Verdict]
    streams: dict[str, bytes]


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What came out of a boot that loaded other hosts' states.

    :ivar after: the tree when all was done
    :ivar able: whether a device can migrate at all
    :ivar verdicts: stream and device to verdict
    """

    host: str
    tree: pathlib.Path
    after: pathlib.Path
    devices: dict[str, str]
    able: dict[str, Verdict]
    verdicts: dict[tuple[str, str], Verdict]


def _rows(path: pathlib.Path, columns: int) -> list[list[str]]:
    if not path.exists():
        raise errors.LabError(f"the VM wrote no {path.name}")
    rows = [line.split() for line in path.read_text().splitlines()]
    bad = [row for row in rows if len(row) < columns]
    if bad:
        raise errors.LabError(f"{path}: not understood: {bad[0]}")
    return rows


def _verdict(words: list[str]) -> Verdict:
    return Verdict(words[0] == "yes", words[1], words[2])


def _devices(out: pathlib.Path) -> dict[str, str]:
    return {row[0]: row[1] for row in _rows(out / "devices", 2)}


def read_saved(host: str, out: pathlib.Path) -> Saved:
    """Read what mode ``save`` wrote."""
    found = {row[0]: _verdict(row[1:]) for row in _rows(out / "saved", 4)}
    return Saved(
        host, out / "tree", _devices(out), found,
        {name: (out / "streams" / name).read_bytes()
         for name, verdict in found.items() if verdict.yes})


def read_loaded(host: str, out: pathlib.Path) -> Loaded:
    """Read what mode ``load`` wrote."""
    return Loaded(
        host, out / "tree", out / "after", _devices(out),
        {row[0]: _verdict(row[1:]) for row in _rows(out / "probed", 4)},
        {(row[0], row[1]): _verdict(row[2:])
         for row in _rows(out / "loaded", 5)})
