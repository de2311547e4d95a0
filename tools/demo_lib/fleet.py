# SPDX-License-Identifier: Apache-2.0
"""The embedded fleet: which hosts there are and what is in them.

The GPUs are of an invented maker whose driver publishes ``migration/`` as
the 2020 sysfs proposal has it (no driver in Linux does so yet). The network
cards look like ConnectX-7 under mlx5: the rule is that firmware and PSID are
equal.
"""

from __future__ import annotations

from dataclasses import dataclass

GPU_TYPE = "acme-A40_8Q"
OTHER_GPU_TYPE = "acme-A16_8Q"
PSID = "MT_0000000838"
OTHER_PSID = "MT_0000001012"
FIRST_SLOT = "0000:81:00.0"
SECOND_SLOT = "0000:c1:00.0"
VFS = 4
VGPUS = 4


@dataclass(frozen=True, slots=True)
class Gpu:
    """A parent of vGPUs with one mdev on it.

    :ivar stream: the software_version that its driver declares; text that
        is no version makes the host's declaration malformed
    """

    stream: str
    address: str = FIRST_SLOT
    mdev_type: str = GPU_TYPE

    @property
    def nodedev(self) -> str:
        """The name that libvirt, and so Nova, has for it."""
        return "pci_" + self.address.replace(":", "_").replace(".", "_")

    def describe(self) -> str:
        return "%s %s" % (self.mdev_type, self.stream)


@dataclass(frozen=True, slots=True)
class Nic:
    """The physical function of a network card with VFs."""

    firmware: str
    address: str = FIRST_SLOT
    psid: str = PSID

    def vf(self, number: int) -> str:
        """The PCI address of a virtual function, counted from 0."""
        return "%s.%d" % (self.address.rpartition(".")[0], number + 2)

    def describe(self) -> str:
        return "%s %s" % (self.psid, self.firmware)


@dataclass(frozen=True, slots=True)
class Host:
    """A compute node.

    :ivar note: why it is in the fleet
    :ivar reports: whether the reporter runs there
    :ivar ram_gb: Nova's RAM weigher prefers the host with most free memory,
        so this decides which of the kept hosts gets the instance
    """

    name: str
    note: str
    devices: tuple[Gpu | Nic, ...]
    reports: bool = True
    ram_gb: int = 128

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        return tuple(dev for dev in self.devices if isinstance(dev, Gpu))

    @property
    def nics(self) -> tuple[Nic, ...]:
        return tuple(dev for dev in self.devices if isinstance(dev, Nic))

    def describe(self) -> str:
        return " + ".join(device.describe() for device in self.devices)


FLEET = (
    Host("gpu-old-1", "an old vGPU driver", (Gpu("1.0.0"),)),
    Host("gpu-old-2", "equal to gpu-old-1", (Gpu("1.0.0"),)),
    Host("gpu-new-1", "takes 1.0 as well, not the reverse",
         (Gpu("1.1.0"),)),
    Host("gpu-new-2", "equal to gpu-new-1", (Gpu("1.1.0"),), ram_gb=192),
    Host("gpu-next-1", "another major version", (Gpu("2.0.0"),)),
    Host("gpu-type-1", "another mdev type",
         (Gpu("1.1.0", mdev_type=OTHER_GPU_TYPE),)),
    Host("gpu-mixed-1", "an old and a new card",
         (Gpu("1.0.0"), Gpu("1.1.0", SECOND_SLOT)), ram_gb=256),
    Host("gpu-bad-1", "its driver writes garbage", (Gpu("{v:int:1,"),)),
    Host("gpu-mute-1", "its reporter never ran", (Gpu("1.0.0"),),
         reports=False),
    Host("nic-a-1", "a ConnectX-7", (Nic("28.43.1000"),)),
    Host("nic-a-2", "equal to nic-a-1", (Nic("28.43.1000"),)),
    Host("nic-fw-1", "another firmware", (Nic("28.41.1000"),)),
    Host("nic-psid-1", "another PSID: another card model",
         (Nic("28.43.1000", psid=OTHER_PSID),)),
    Host("nic-mixed-1", "two cards, two firmwares",
         (Nic("28.41.1000"), Nic("28.43.1000", SECOND_SLOT)), ram_gb=256),
)

BY_NAME = {host.name: host for host in FLEET}
