# SPDX-License-Identifier: Apache-2.0

"""The VFIO driver that libvirt would bind to a PCI function.

libvirt replaces ``pci:`` in the function's modalias by ``vfio_pci:`` and
takes, of the patterns in modules.alias that match, the one with the fewest
wildcards (src/util/virpci.c, virPCIDeviceFindBestVFIOVariant); with no
match it takes vfio-pci itself. Without that very file, which depmod never
compresses, it starts no guest with the function.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from typing import Self

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree

#: bytes; distributions' files have 1 to 2 MB
_LIMIT = 16 << 20
#: aliases; a kernel has some dozens
_MAX_ALIASES = 4096
_PREFIX = b"alias vfio_pci:"
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}")
_FOLDERS = ("lib/modules", "usr/lib/modules")


@dataclasses.dataclass(frozen=True, slots=True)
class ModulesAlias:
    """What modules.alias of the running kernel says of VFIO drivers.

    :ivar patterns: pattern and module, those with the fewest wildcards
        first
    """

    patterns: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, tree: host_tree.HostTree) -> Self | None:
        """Return the aliases of the running kernel, None if there are none.

        :raises ReadError: the file is there and cannot be read
        """
        for path in _candidates(tree):
            try:
                lines = tree.lines(path, _LIMIT, _PREFIX)
            except errors.Missing:
                continue
            if len(lines) > _MAX_ALIASES:
                # Each is compared with each function.
                raise errors.ReadError(
                    path, codes.Code.MALFORMED,
                    f"has more than {_MAX_ALIASES} aliases of vfio_pci",
                )
            return cls.parse(lines)
        return None

    @classmethod
    def parse(cls, lines: list[str]) -> Self:
        """Return the aliases of these lines: ``alias <pattern> <module>``."""
        words = [line.split() for line in lines]
        return cls(
            tuple(
                sorted(
                    ((item[1], item[2]) for item in words if len(item) == 3),
                    key=lambda item: item[0].count("*"),
                )
            )
        )

    def module(self, modalias: str) -> str | None:
        """Return the module for ``pci:v...``, None if no pattern fits."""
        wanted = "vfio_" + modalias
        for pattern, module in self.patterns:
            if fnmatch.fnmatchcase(wanted, pattern):
                return module
        return None


def _candidates(tree: host_tree.HostTree) -> list[str]:
    release = tree.read_optional("proc/sys/kernel/osrelease")
    if release is not None:
        if not _RELEASE.fullmatch(release):
            return []
        releases = [release]
    else:
        # A part of a host, copied without /proc: only what is no guess.
        releases = sorted(
            {name for folder in _FOLDERS for name in tree.listdir(folder)}
        )
        if len(releases) > 1:
            return []
    return [
        f"{folder}/{release}/modules.alias"
        for folder in _FOLDERS
        for release in releases
    ]
