# SPDX-License-Identifier: Apache-2.0
"""Where the laboratory keeps what it fetched and built."""

from __future__ import annotations

import dataclasses
import os
import pathlib

REPO = pathlib.Path(__file__).resolve().parents[2]
SOURCES = REPO / "tests" / "kernel"


def _default() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "nova-vfio-compat" / "kernel-lab"


@dataclasses.dataclass(frozen=True, slots=True)
class Cache:
    """Folders that may be deleted at any time; the next run fills them."""

    top: pathlib.Path = dataclasses.field(default_factory=_default)

    @property
    def apt(self) -> pathlib.Path:
        """A private apt: lists and packages."""
        return self.top / "apt"

    @property
    def system(self) -> pathlib.Path:
        """QEMU, busybox, kmod and their libraries, unpacked."""
        return self.top / "system"

    @property
    def kernel(self) -> pathlib.Path:
        """The kernel, its modules and its headers, unpacked."""
        return self.top / "kernel"

    @property
    def samples(self) -> pathlib.Path:
        """The kernel's own VFIO samples; never part of this repository."""
        return self.top / "samples"

    @property
    def source(self) -> pathlib.Path:
        """The kernel's source, for a kernel of our own."""
        return self.top / "source"

    @property
    def tools(self) -> pathlib.Path:
        """What the configuration of a kernel is made with, unpacked."""
        return self.top / "tools"

    @property
    def own(self) -> pathlib.Path:
        """A kernel of our own for each configuration."""
        return self.top / "own"

    @property
    def builds(self) -> pathlib.Path:
        """A folder for each state of the sources."""
        return self.top / "builds"
