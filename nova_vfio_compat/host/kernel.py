# SPDX-License-Identifier: Apache-2.0

"""What is known of a host's kernel by its release, and no more than that.

A driver's rule may have changed with a release of the kernel. A release in
a class would split a fleet with every security update, so only what a
change means gets there, and only where it is sure that the kernel has it or
has it not. Distributions take changes into older releases; of those that do
so as they please nothing is known here, whatever their number says.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import tree as host_tree

RELEASE = "proc/sys/kernel/osrelease"
DISTRIBUTION = "etc/os-release"
_OS_RELEASE_LIMIT = 65536

Version = tuple[int, int, int]

_NUMBER = r"([1-9][0-9]?)\.([0-9]{1,3})(?:\.([0-9]{1,4}))?"
# Without a distribution's mark it was built from kernel.org's source.
_PLAIN = re.compile(_NUMBER)
# By the ID of os-release: kernels that are a stable release of kernel.org
# and say which one.
_FOLLOWERS = {
    # 6.12.38+deb13-arm64, 7.2.13+deb14-amd64, 6.9.7+bpo-amd64
    "debian": re.compile(
        _NUMBER + r"(?:[+-][a-z0-9.~]+)*"
        r"-(?:amd64|arm64|ppc64el|riscv64|s390x)(?:-16k)?"
    ),
    "arch": re.compile(_NUMBER + r"-arch[0-9]+-[0-9]+"),
    "fedora": re.compile(_NUMBER + r"-[0-9]+\.fc[0-9]+\.[a-z0-9_]+"),
}
# Debian 12 says the number of its binary interface instead.
_BOOKWORM = re.compile(r"6\.1\.0-([1-9][0-9]{0,2})-[a-z0-9-]+")
# Some of those numbers and the stable release of 6.1 that each came with
# (debian/changelog of linux 6.1.147-1 and 6.1.140-1). A greater number is
# a later release; numbers before the first are earlier ones.
_BOOKWORM_STABLE = {37: 140, 38: 147}
_ID = re.compile(r"ID=([\"']?)([a-z0-9._-]+)\1")


@dataclasses.dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel of a host.

    :ivar release: as ``uname -r`` says it; None if it cannot be read
    :ivar distribution: the ID of os-release; None if there is none
    """

    release: str | None
    distribution: str | None = None

    @property
    def upstream(self) -> Version | None:
        """The release of kernel.org that it is; None if that is not sure.

        Of Debian 12: one that it is at least, and that has all of the
        changes known here which it has itself.
        """
        release = self.release or ""
        found = _PLAIN.fullmatch(release)
        if found is None and self.distribution == "debian":
            bookworm = _BOOKWORM.fullmatch(release)
            if bookworm is not None:
                return 6, 1, _stable_of_bookworm(int(bookworm[1]))
        follower = _FOLLOWERS.get(self.distribution or "")
        if found is None and follower is not None:
            found = follower.fullmatch(release)
        if found is None:
            return None
        return int(found[1]), int(found[2]), int(found[3] or 0)


def _stable_of_bookworm(number: int) -> int:
    return max(
        (
            stable for known, stable in _BOOKWORM_STABLE.items()
            if known <= number
        ),
        default=0,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A change of the kernel, and the releases of kernel.org that have it.

    :ivar mainline: the first release with it
    :ivar stable: older series that got it: with which of their releases
    :ivar unsure: older series of which it is not known: from which on
    """

    mainline: tuple[int, int]
    stable: Mapping[tuple[int, int], int] = dataclasses.field(
        default_factory=dict
    )
    unsure: Mapping[tuple[int, int], int] = dataclasses.field(
        default_factory=dict
    )

    def is_in(self, kernel: Kernel) -> bool | None:
        """Whether a kernel has the change; None if that is not known."""
        release = kernel.upstream
        if release is None:
            return None
        series = release[:2]
        if series >= self.mainline:
            return True
        if series in self.stable:
            return release[2] >= self.stable[series]
        if series in self.unsure and release[2] >= self.unsure[series]:
            return None
        return False


#: hisi_acc_vfio_pci writes ACC_DEV_MAGIC_V2 and accepts it besides the old
#: ("hisi_acc_vfio_pci: fix XQE dma address error"; announcements of Linux
#: 6.1.142, 6.6.94 and 6.12.34, pull request of VFIO for 6.16; of 6.15 none
#: was seen)
HISI_ACC_STREAM_2 = Change(
    (6, 16),
    stable={(6, 1): 142, (6, 6): 94, (6, 12): 34},
    unsure={(6, 15): 3},
)

#: the QM moves the registers for migration from the VF to the PF, so that
#: a guest gets all of the VF's BAR 2 ("hisi_acc_vfio_pci: adapt to new
#: migration configuration", pull request of VFIO for 6.19)
HISI_ACC_PF_REGION = Change((6, 19))

#: virtio_vfio_pci can migrate (drivers/vfio/pci/virtio/migrate.c)
VIRTIO_MIGRATION = Change((6, 13))


def read(tree: host_tree.HostTree) -> Kernel:
    """Look at the kernel of a host; what cannot be read is not known."""
    try:
        release = tree.read(RELEASE)
    except errors.ReadError:
        return Kernel(None)
    try:
        lines = tree.lines(DISTRIBUTION, _OS_RELEASE_LIMIT, b"ID=")
    except errors.ReadError:
        lines = []
    found = _ID.fullmatch(lines[-1].strip()) if lines else None
    return Kernel(release, found[2] if found else None)
