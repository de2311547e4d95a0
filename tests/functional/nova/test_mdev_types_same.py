# SPDX-License-Identifier: Apache-2.0
"""Which type of mdevs a parent has is what Nova's own driver says.

The same ``[devices] enabled_mdev_types`` and ``[mdev_*] device_addresses``
through ``nova.virt.libvirt.driver`` and through the reporter's reading.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from importlib import metadata
import os
import random
from typing import Any

import fixtures
from nova import exception
import nova.conf
from nova.virt.libvirt import driver
from oslo_config import fixture as config_fixture
from oslotest import base
from packaging import version
import testtools

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names
from nova_vfio_compat.host import offered

COUNT = 300
SEED = 20200909

#: libvirt's names of parents, with the address that nova.conf writes
PARENTS = {
    "pci_0000_84_00_0": "0000:84:00.0",
    "pci_0000_85_00_0": "0000:85:00.0",
    "pci_0000_af_00_4": "0000:af:00.4",
    # Nova cannot name a domain of more than 16 bits.
    "pci_10000_84_00_0": "10000:84:00.0",
    "mtty_mtty": "mtty_mtty",
    "css_0_0_0313": "css_0_0_0313",
    "ap_matrix": "ap_matrix",
}
TYPES = ("nvidia-35", "nvidia-36", "mtty-1")


class Driver:
    """What Nova's libvirt driver reads of nova.conf, and no libvirt."""

    def __getattr__(self, name: str) -> Any:
        return getattr(driver.LibvirtDriver, name).__get__(self)

    def __init__(self) -> None:
        # As LibvirtDriver.__init__ does.
        self.pgpu_type_default: str | None = None
        self.pgpu_type_mapping: dict[str, str] = {}
        self.mdev_class_mapping: Any = collections.defaultdict(str)
        self.mdev_type_max_mapping: Any = collections.defaultdict(str)
        self.mdev_classes: set[str] = set()
        self.virtual_mdevs: set[str] = set()
        self.supported_vgpu_types = self._get_supported_vgpu_types()


@testtools.skipIf(
    version.parse(metadata.version("nova")).major < 34,
    "before 2026.2 Nova makes no mdevs of what is no PCI function")
class SameTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.conf = self.useFixture(
            config_fixture.Config(nova.conf.CONF)
        )
        # The host has mtty, as far as Nova looks.
        exists = os.path.exists
        self.useFixture(fixtures.MonkeyPatch(
            "os.path.exists",
            lambda path: path == "/sys/devices/virtual/mtty/mtty"
            or exists(path),
        ))

    def nova(
        self, mdev_types: Mapping[str, list[str]]
    ) -> dict[str, frozenset[str]] | None:
        """Return each parent's types; None: Nova does not start."""
        self.conf.config(
            enabled_mdev_types=list(mdev_types), group="devices"
        )
        nova.conf.devices.register_dynamic_opts(nova.conf.CONF)
        for name, addresses in mdev_types.items():
            self.conf.config(
                device_addresses=addresses, group=f"mdev_{name}"
            )
        try:
            found = Driver()
        except exception.InvalidLibvirtMdevConfig:
            return None
        types = {
            name: found._get_vgpu_type_per_pgpu(name) for name in PARENTS
        }
        return {
            name: frozenset({type_}) if type_ else frozenset()
            for name, type_ in types.items()
        }

    def ours(
        self, mdev_types: Mapping[str, list[str]]
    ) -> dict[str, frozenset[str]] | None:
        """Return the same of ours; None: it is refused."""
        try:
            found = offered.Offered(mdev_types=mdev_types)
        except errors.ConfigError:
            return None
        return {
            name: found.mdev_types(address)
            for name, address in PARENTS.items()
        }

    def test_random(self) -> None:
        """Some hundred random configurations mean the same to both."""
        rng = random.Random(SEED)
        # What Nova itself can be given; only lower case is ever found.
        addresses = ["mtty_mtty"] + [
            text
            for address in PARENTS.values()
            if names.NOVA_ADDRESS.fullmatch(address)
            for text in (address, address.upper())
        ]
        refused = 0
        for _ in range(COUNT):
            types = {
                name: rng.sample(addresses, rng.choice((0, 0, 1, 2)))
                for name in rng.sample(TYPES, rng.randrange(len(TYPES) + 1))
            }
            expected = self.nova(types)
            refused += expected is None
            self.assertEqual(expected, self.ours(types), str(types))
        self.assertGreater(refused, COUNT // 40)
        self.assertLess(refused, COUNT // 2)
