# SPDX-License-Identifier: Apache-2.0

"""How many names a fleet may put into Placement.

Each request that touches traits makes Placement load all their names.
"""

from __future__ import annotations

import dataclasses
import itertools
import random

from oslotest import base

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import functions
from nova_vfio_compat.placement import report as report_

HOST_TRAITS = 64
FLEET_NAMES = 3000

_BUSES = range(0x01, 0xf0)
_TYPES = tuple(f"NVIDIA L40S-{size}Q" for size in (4, 8, 12, 24))
_DRIVERS = ("550.90.05", "550.127.06")


def _nic(model: int, firmware: str) -> device_class.DeviceClass:
    state = {
        "device_api": "vfio-pci",
        "firmware": firmware,
        "pf_device": "1021",
        "psid": f"MT_00000008{model:02d}",
    }
    return device_class.DeviceClass(
        family="mlx5",
        bus="pci",
        evidence=codes.Evidence.RULE,
        state=state,
        accepts=(state,),
        exposed={
            "bars": "0:mem64pref:0x100000",
            "class": "020000",
            "device": "101e",
            "msix": "12",
            "revision": "00",
            "vendor": "15b3",
        },
        unverified=("vf_migration_mode",),
    )


def _vgpu(model: int, type_: str, driver: str) -> device_class.DeviceClass:
    state = {
        "device_api": "vfio-pci",
        "manager_version": driver,
        "pf_device": "26b9",
        "pf_subsystem_device": f"{model:04x}",
        "pf_subsystem_vendor": "10de",
        "type": type_,
    }
    return device_class.DeviceClass(
        family="nvidia",
        bus="mdev",
        evidence=codes.Evidence.INFERRED,
        state=state,
        accepts=(state,),
        unverified=("ecc_mode", "guest_driver", "mig_mode"),
    )


@dataclasses.dataclass(frozen=True)
class _Model:
    """A model of server, in all its variants in a data centre.

    :ivar layouts: buses of the NICs and of the GPUs; with another riser or
        backplane the same model numbers them anew
    :ivar nics: classes that a NIC may have: firmware is being rolled out
    :ivar vgpus: classes that a GPU's VFs may have, for each driver; none
        without GPUs
    """

    layouts: tuple[tuple[list[int], list[int]], ...]
    nics: tuple[device_class.DeviceClass, ...]
    vgpus: tuple[tuple[device_class.DeviceClass, ...], ...]


def _model(rng: random.Random, number: int) -> _Model:
    gpus = rng.choice((0, 0, 2, 4, 8))
    nics = rng.choice((1, 2))
    releases = ("1000", "1014", "2006")[:rng.randint(1, 3)]
    drivers = _DRIVERS[:rng.randint(1, 2)]
    types = _TYPES[:rng.randint(1, 4)]
    return _Model(
        layouts=tuple(
            (rng.sample(_BUSES, nics), rng.sample(_BUSES, gpus))
            for _ in range(rng.randint(1, 4))
        ),
        nics=tuple(
            _nic(number, f"28.{30 + number}.{release}")
            for release in releases
        ),
        vgpus=tuple(
            tuple(_vgpu(number, type_, driver) for type_ in types)
            for driver in drivers
        ),
    )


def _report(rng: random.Random, model: _Model) -> report_.Report:
    """A host: each card has the firmware, each GPU the type it happens to."""
    nics, gpus = rng.choice(model.layouts)
    vgpus = rng.choice(model.vgpus)
    devices = {}
    for bus in nics:
        one = rng.choice(model.nics)
        for port in (0, 1):
            devices[functions.name(f"PCI_0000_{bus:02X}", port)] = one
    for bus in gpus:
        one = rng.choice(vgpus)
        for number in range(4, 36):
            devices[functions.name(f"PCI_0000_{bus:02X}", number)] = one
    return report_.Report(
        classes={one.id: one for one in devices.values()},
        devices={name: frozenset({one.id}) for name, one in devices.items()},
        seen=frozenset({"20261122", "20261121"}),
    )


class FleetTestCase(base.BaseTestCase):
    def test_the_names_of_a_large_fleet(self) -> None:
        """10,000 hosts of 20 models: as many names as there are kinds."""
        rng = random.Random(20261122)
        models = [_model(rng, number) for number in range(20)]
        names: set[str] = set()
        largest = 0
        for model in itertools.islice(itertools.cycle(models), 10_000):
            found = codec.encode(_report(rng, model))
            names |= found
            largest = max(largest, len(found))

        self.assertLessEqual(len(names), FLEET_NAMES)
        self.assertLessEqual(largest, HOST_TRAITS)
        classes, problems = codec.decode_definitions(names)
        self.assertEqual((), problems)
        # It is a fleet of many kinds, not one host many times.
        self.assertGreater(len(classes), 80)
