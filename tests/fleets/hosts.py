# SPDX-License-Identifier: Apache-2.0
"""Random host trees of several models."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import pathlib
import random
import uuid

from tests import trees
from tests.fleets import declared

GPUS = ("0000:00:02.0", "0000:03:00.0")
NVIDIA = ("0000:41:00.0", "0000:42:00.0")
CARDS = ("0000:81:00.0", "0000:82:00.0")
QAT = ("0000:6b:00.0", "0000:70:00.0")
_QAT_PF = trees.Function(0x8086, 0x4940, 0x40, 0x0b4000)
_FIRMWARE = ("28.43.1000", "28.43.1000", "28.41.1000", None)
_PSID = ("MT_0000000838", "MT_0000000838", "MT_0000000892")

#: The number is of types that one mdev parent may have.
Model = Callable[[random.Random, trees.HostBuilder, int], None]


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _types(rng: random.Random, known: Sequence[str], most: int) -> list[str]:
    return rng.sample(known, 1 if rng.random() < 0.6 else most)


def declared_vgpus(rng: random.Random, host: trees.HostBuilder,
                   most: int) -> None:
    """GPUs with mdevs that declare what they can load."""
    for address in GPUS[:rng.choice((1, 1, 1, 2))]:
        types = _types(
            rng, ["i915-GVTg_V5_%s" % number for number in "1248"], most)
        host.mdev_parent(
            address, driver="i915", types={name: {} for name in types})
        for _ in range(rng.choice((1, 1, 1, 2))):
            type_id = rng.choice(types)
            migration = declared.migration(rng, type_id)
            for _ in range(rng.choice((1, 2))):
                device = _uuid(rng)
                host.mdev(device, parent=address, type=type_id,
                          migration=migration)
                if rng.random() < 0.02:
                    host.break_file(
                        host.path(device) / "migration/self/broken")
        if rng.random() < 0.05:
            host.mdev(_uuid(rng), parent=address, type=types[0])


def plain_vgpus(rng: random.Random, host: trees.HostBuilder,
                most: int) -> None:
    """GPUs of which only type and driver version are known."""
    version = rng.choice(("550.54.16", "550.54.16", "535.129.03"))
    for address in NVIDIA[:rng.choice((1, 1, 2))]:
        types = _types(rng, ("nvidia-557", "nvidia-558"), most)
        host.mdev_parent(
            address, driver="nvidia", types={name: {} for name in types},
            function=trees.Function(0x10de, 0x2235, 0xa1, 0x030200),
            version=version)
        if rng.random() < 0.5:
            host.mdev(_uuid(rng), parent=address, type=types[0])


def serial_ports(rng: random.Random, host: trees.HostBuilder,
                 most: int) -> None:
    """The kernel's mtty sample, with or without the proposed folder."""
    types = _types(rng, ("mtty-1", "mtty-2"), most)
    host.mtty(types=types, version=rng.choice(("0.1", "0.1", "0.2", None)))
    if rng.random() < 0.5:
        host.mdev(
            _uuid(rng), parent="mtty", type=types[0],
            migration=declared.migration(rng, types[0])
            if rng.random() < 0.5 else None)


def network_cards(rng: random.Random, host: trees.HostBuilder,
                  most: int) -> None:
    """ConnectX cards whose VFs wait on one driver or another."""
    release = "6.12.%d" % rng.randint(1, 99)
    # A kernel without the variant driver leaves plain vfio-pci.
    host.kernel(release, ("mlx5_vfio_pci",) if rng.random() < 0.9 else ())
    for address in CARDS[:rng.choice((1, 1, 2))]:
        drivers = [
            rng.choice(("mlx5_core", "mlx5_core", None, "mlx5_vfio_pci"))
            for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.05:
            drivers[0] = "vfio-pci"
        host.mlx5_pf(
            address, firmware=rng.choice(_FIRMWARE), psid=rng.choice(_PSID),
            vf_driver=drivers,
            device=rng.choice((0x1021, 0x1021, 0x1021, 0x1023)),
            infiniband=rng.random() < 0.95,
            vf_bar=trees.Bar(rng.choice((0x100000,) * 5 + (0x200000,))))


def declared_vfs(rng: random.Random, host: trees.HostBuilder,
                 most: int) -> None:
    """Accelerators whose VFs declare what they can load."""
    if not (host.root / "proc").exists():
        host.kernel("6.12.1", ("mlx5_vfio_pci", "qat_vfio_pci"))
    for address in QAT[:rng.choice((1, 1, 2))]:
        bars = {0: trees.Bar(0x10000)}
        if rng.random() < 0.9:
            bars[2] = trees.Bar(
                rng.choice((0x1000,) * 8 + (0x2000,)),
                rng.choice(("mem64pref",) * 8 + ("mem64",)))
        vf = trees.Function(
            0x8086, 0x4941, rng.choice((0x40,) * 8 + (0x41,)), 0x0b4000,
            bars=bars)
        pool = [declared.migration(rng, "qat-dc-%d" % rng.choice((1, 2)))
                for _ in range(rng.choice((1, 1, 2)))]
        driver = rng.choice(("4xxx", "qat_vfio_pci", None))
        count = rng.randint(1, 3)
        host.sriov(address, _QAT_PF, vf, [driver] * count, "4xxx", offset=1)
        for index in range(count):
            function = trees.offset_address(address, 1 + index)
            host.migration(function, pool[index % len(pool)])


VGPU: tuple[Model, ...] = (
    declared_vgpus, declared_vgpus, declared_vgpus, plain_vgpus,
    serial_ports)
VF: tuple[Model, ...] = (network_cards, network_cards, declared_vfs)


def build(rng: random.Random, root: pathlib.Path,
          models: tuple[Model, ...], most_types: int = 2) -> None:
    """Write a host of these models; each model at most once."""
    host = trees.HostBuilder(root)
    for model in dict.fromkeys(models):
        model(rng, host, most_types)
