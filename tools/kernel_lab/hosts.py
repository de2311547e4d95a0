# SPDX-License-Identifier: Apache-2.0
"""The hosts of the laboratory: what each boot is made of."""

from __future__ import annotations

import dataclasses
import uuid

from kernel_lab import machine

NVME = "0000:01:00.0"
#: behind the last NVMe controller; most hosts have one
IGB = "0000:02:00.0"
_OTHER_NVME = ("0000:02:00.0", "0000:03:00.0")
_NAMESPACE = uuid.UUID("5b0c5a86-6f2c-4a52-8f5e-8d3f1c1b7a10")

# Region, offset and length of memory that a migration has to carry over: the
# scratch register of mtty's first port, and the region of our own driver.
_MTTY_MEMORY = "0 7 1"
_LAB_MEMORY = "9 0 64"

NVME_OPTIONS = (
    "sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,"
    "max_ioqpairs=26,msix_qsize=26"
)
_NVME_MORE_INTERRUPTS = (
    "sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=1200,"
    "sriov_max_vi_per_vf=300,max_ioqpairs=26,msix_qsize=1300"
)
_NVME_MORE_QUEUES = (
    "sriov_max_vfs=4,sriov_vq_flexible=2400,sriov_vi_flexible=4,"
    "sriov_max_vq_per_vf=600,max_ioqpairs=2418,msix_qsize=26"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Vf:
    """A VF and the driver that it is given; ``none`` is one."""

    name: str
    pf: str
    index: int
    driver: str
    aggregator: int | None = None

    @property
    def migrates(self) -> bool:
        """Whether its driver can save and load."""
        return self.driver == "vfio_compat_lab"

    def line(self) -> str:
        """Its line of /lab/vfs."""
        memory = _LAB_MEMORY if self.migrates else ""
        return " ".join((
            self.name, self.pf, str(self.index), self.driver,
            str(self.aggregator or "-"), memory)).rstrip() + "\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Mdev:
    """An mdev; a fresh one is made when a state is to be loaded into it."""

    name: str
    parent: str
    type: str
    aggregator: int | None = None
    fresh: bool = False

    @property
    def migrates(self) -> bool:
        """Whether its driver can save and load."""
        return self.parent != "mdpy"

    def line(self, host: str) -> str:
        """Its line of /lab/mdevs or /lab/fresh."""
        memory = {"mtty": _MTTY_MEMORY, "compat_lab": _LAB_MEMORY}.get(
            self.parent, "")
        return " ".join((
            self.name, self.uuid(host), self.parent,
            f"{self.parent}-{self.type}", str(self.aggregator or "-"),
            memory)).rstrip() + "\n"

    def uuid(self, host: str) -> str:
        """The same in every boot of a host."""
        return str(uuid.uuid5(_NAMESPACE, f"{host}/{self.name}"))


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host: hardware, module parameters, devices."""

    name: str
    about: str
    lab: str
    mdevs: tuple[Mdev, ...]
    vfs: tuple[Vf, ...]
    mtty: str = "mtty"
    modules: str = "vfio_iommu_type1 vfio-pci mdev nvme igb igbvf mdpy"
    hardware: machine.Hardware = machine.Hardware((NVME_OPTIONS,))

    @property
    def targets(self) -> tuple[str, ...]:
        """The devices that a state may be loaded into."""
        return (
            *(item.name for item in self.vfs if item.migrates),
            *(item.name for item in self.mdevs if item.migrates))

    def fresh(self, name: str) -> Mdev | None:
        """The mdev of this name if it is one that is yet to be made."""
        for item in self.mdevs:
            if item.name == name and item.fresh:
                return item
        return None

    def files(self, release: str, mode: str) -> dict[str, bytes]:
        """What the VM reads."""
        conf = "".join(f'{name}="{value}"\n' for name, value in {
            "RELEASE": release,
            "MODE": mode,
            "MODULES": self.modules,
            "MTTY": f"/lab/{self.mtty}.ko",
            "LAB_PARAMS": self.lab,
            "PFS": " ".join(sorted({vf.pf for vf in self.vfs})),
        }.items())
        texts = {
            "host.conf": conf,
            "vfs": "".join(vf.line() for vf in self.vfs),
            "mdevs": "".join(
                item.line(self.name) for item in self.mdevs
                if not item.fresh),
            "fresh": "".join(
                item.line(self.name) for item in self.mdevs if item.fresh),
        }
        return {f"lab/{name}": text.encode() for name, text in texts.items()}


_MTTY = (
    Mdev("mtty-1", "mtty", "1"), Mdev("mtty-2", "mtty", "2"),
    Mdev("mtty-1-fresh", "mtty", "1", fresh=True),
    Mdev("mdpy", "mdpy", "vga"),
)
_VFS = (
    Vf("nvme-1", NVME, 0, "vfio_compat_lab"),
    Vf("nvme-2", NVME, 1, "vfio_compat_lab", 2),
    Vf("nvme-plain", NVME, 2, "vfio-pci"),
    Vf("nvme-none", NVME, 3, "none"),
    Vf("igb-host", IGB, 0, "igbvf"),
    Vf("igb-plain", IGB, 1, "vfio-pci"),
)


def _lab(
    name: str, type_: str, aggregator: int | None = None,
    fresh: bool = False,
) -> Mdev:
    return Mdev(name, "compat_lab", type_, aggregator, fresh)


ALPHA = Host(
    "alpha", "the reference: 1.2 with dirty+irq, mtty 0.1",
    "types=small,large major=1 minor=2 features=dirty+irq",
    (*_MTTY, _lab("small-1", "small"), _lab("small-2", "small", 2),
     _lab("large-1", "large"), _lab("large-fresh", "large", fresh=True)),
    _VFS)

BETA = Host(
    "beta", "a newer minor version with one feature more",
    "types=small,large major=1 minor=3 features=dirty+irq+trace",
    (*_MTTY, _lab("small-1", "small"), _lab("small-2", "small", 2),
     _lab("large-2", "large", 2),
     _lab("large-fresh", "large", fresh=True)),
    _VFS)

GAMMA = Host(
    "gamma", "mtty 0.2; a new type that loads an old one's state; VFs with"
    " larger BARs",
    "types=tiny,large major=1 minor=3 features=dirty+irq"
    " also_loads=compat_lab-small",
    (*_MTTY, _lab("tiny-1", "tiny"), _lab("tiny-2", "tiny", 2),
     _lab("large-1", "large")),
    _VFS, mtty="mtty-newer",
    hardware=machine.Hardware((_NVME_MORE_INTERRUPTS,)))

DELTA = Host(
    "delta", "the next major version, without features",
    "types=small,large major=2 minor=0",
    (*_MTTY, _lab("small-1", "small"), _lab("large-1", "large")),
    _VFS)

ALL = (ALPHA, BETA, GAMMA, DELTA)

#: alpha, but it says that it loads more than it does
LIAR = dataclasses.replace(
    ALPHA, name="liar", about="alpha, publishing more than it loads",
    lab=f"{ALPHA.lab} lie=1",
    mdevs=tuple(
        item for item in ALPHA.mdevs if item.parent == "compat_lab"))

#: guests are migrated between the devices of this one; three NVMe PFs. Our
#: own mdevs are no PCI devices to QEMU: they have no config space.
QEMU = Host(
    "qemu", "devices for real migrations",
    ALPHA.lab,
    (Mdev("mtty-1", "mtty", "1"), Mdev("mtty-1b", "mtty", "1"),
     Mdev("mtty-2", "mtty", "2")),
    (Vf("nvme", NVME, 0, "vfio_compat_lab"),
     Vf("nvme-same", NVME, 1, "vfio_compat_lab"),
     Vf("nvme-aggregator", NVME, 2, "vfio_compat_lab", 2),
     Vf("nvme-interrupts", _OTHER_NVME[0], 0, "vfio_compat_lab"),
     Vf("nvme-queues", _OTHER_NVME[1], 0, "vfio_compat_lab")),
    hardware=machine.Hardware(
        (NVME_OPTIONS, _NVME_MORE_INTERRUPTS, _NVME_MORE_QUEUES), 1536))
MIGRATIONS = (
    ("mtty-1", "mtty-1b"), ("mtty-1", "mtty-2"), ("mtty-2", "mtty-1"),
    ("nvme", "nvme-same"), ("nvme", "nvme-aggregator"),
    ("nvme-aggregator", "nvme"), ("nvme", "nvme-interrupts"),
    ("nvme-interrupts", "nvme"), ("nvme", "nvme-queues"),
    ("nvme-queues", "nvme"),
)
