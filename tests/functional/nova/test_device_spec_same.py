# SPDX-License-Identifier: Apache-2.0
"""What ``[pci] device_spec`` offers is what Nova's own parser says.

The same entries, on the same host tree, through ``nova.pci.whitelist`` and
through the parser of the reporter, which must not import Nova.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
import json
import os
import pathlib
import random
import tempfile
import types
from typing import Any

import fixtures
from nova import exception
from nova.pci import utils
from nova.pci import whitelist
from oslotest import base
from packaging import version
import testtools

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree
from tests import trees

#: So many random configurations; with the seed the test is the same again.
COUNT = 400
SEED = 20200819

PF = "0000:81:00.0"
OTHER_PF = "0000:af:00.1"
VMD = "10000:01:00.0"
_NIC = trees.Function(0x8086, 0x1572)
# Each value is there because somebody writes it, or because the two parsers
# could differ on it. One of a list of these is made into an entry.
_CHOICES: dict[str, tuple[Any, ...]] = {
    "vendor_id": (
        "15b3", "15B3", "0x15b3", " 15b3 ", "8086", "*", " * ", "", "-1",
        "0", "1_5b3", "12345", "xyz", 5555, None,
    ),
    "product_id": (
        "101e", "101E", "0x101e", " 101e", "1021", "1572", "*", " * ", "",
        "-1", "fffff", "101g", 4126, None,
    ),
    "address": (
        PF, OTHER_PF, "0000:81:00.2", "0000:81:00.3", "0000:AF:00.1",
        "*:81:00.*", "*:*:*.*", "*:81:00.0", ":81:00.", "81:*.*", ".3", "3",
        "", ":", "::", "::.", ".", "0:81:0.2", "0000:81:00.2 ", " :81: . ",
        "0000: 81 :00.2", "0000:81:20.0", "0000:81:00.8", "0000:81:00.-1",
        "0:1:2:3.4", "0000:81:00.2.1", "10000:01:00.0", "*:01:00.0",
        "0000:x:00.0", 0, 1, None, True, [], ["0000:81:00.2"], {},
        {"bus": "8[0-9]", "function": "[23]"}, {"bus": "81"},
        {"domain": "0000", "bus": "81", "slot": "00", "function": "0"},
        {"domain": "0000", "bus": "af", "slot": "00", "function": "1"},
        {"domain": "0", "bus": "8", "slot": "", "function": "2"},
        {"domain": ".*", "bus": "AF", "slot": ".*", "function": "[0-7]"},
        {"bus": "(?i)AF"}, {"bus": "["}, {"bus": 1}, {"bus": None},
        {"bus": "a{99999999999999999999}"}, {"other": "81"},
        {"function": "$"}, {"function": "^(?!0)"},
    ),
    "devname": (
        "eth0", "eth1", "eth2", "vf0", "none", "", None, 1, True,
        "../class/net/eth0",
    ),
    "managed": ("yes", "no", "True", " off ", "maybe", True, False, 0, None),
    "live_migratable": ("yes", "no", "maybe", True, None),
    "one_time_use": ("no", "false", "perhaps", None),
    "physical_network": ("physnet1", None),
    "remote_managed": ("false", "no", None),
    "trusted": ("true", "false"),
    "resource_class": ("CUSTOM_NIC",),
    "traits": ("CUSTOM_A,CUSTOM_B", ""),
    "switch_id": ("1",),
}


class SysFs:
    """What nova.pci.utils asks the operating system, below a root."""

    def __init__(self, root: pathlib.Path) -> None:
        self._root = root

    def _below(self, path: str) -> str:
        return f"{self._root}{path}" if path.startswith("/sys") else path

    def module(self) -> types.SimpleNamespace:
        """Return what stands in for ``os``."""
        return types.SimpleNamespace(
            listdir=self._of(os.listdir),
            path=types.SimpleNamespace(
                isdir=self._of(os.path.isdir), join=os.path.join
            ),
            readlink=self._of(os.readlink),
        )

    def _of(self, function: Callable[[str], Any]) -> Callable[[str], Any]:
        return lambda path: function(self._below(path))

    def open(self, path: str) -> Any:
        """Stand in for the builtin."""
        return open(self._below(path))


@testtools.skipIf(
    version.parse(metadata.version("nova")).major < 34,
    "the newest Nova's reading is what the reporter's is held against")
class SameTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name) / "host"
        host = trees.HostBuilder(root).kernel()
        host.mlx5_pf(PF, vfs=3).mlx5_pf(OTHER_PF, vfs=2)
        # A function of a domain that Nova cannot name, and one without VFs.
        host.pci(VMD, _NIC).pci("0000:3b:00.0", _NIC)
        for name, address in (
            ("eth0", PF), ("eth1", OTHER_PF), ("eth2", "0000:3b:00.0"),
            ("vf0", "0000:81:00.2"),
        ):
            net = host.path(address) / "net" / name
            net.mkdir(parents=True)
            (net / "device").symlink_to(f"../../../{address}")
            place = root / "sys/class/net" / name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(os.path.relpath(net, place.parent))
        sysfs = SysFs(root.resolve())
        for name, value in (("os", sysfs.module()), ("open", sysfs.open)):
            self.useFixture(
                fixtures.MonkeyPatch(f"{utils.__name__}.{name}", value)
            )
        self.functions = pci.functions(tree.HostTree(root), [])

    def nova(self, entries: list[str]) -> dict[str, bool] | None:
        """Return which functions Nova offers and whether as managed.

        None: Nova does not start with this configuration.
        """
        try:
            found = whitelist.Whitelist(entries)
        except (
            exception.NovaException, AttributeError, TypeError, ValueError,
            OverflowError,
        ):
            return None
        result = {}
        for address, function in self.functions.items():
            device: dict[str, Any] = {
                "vendor_id": function.identity("vendor"),
                "product_id": function.identity("device"),
                "address": address,
            }
            if function.pf:
                device["parent_addr"] = function.pf
            # nova/pci/manager.py, update_devices_from_hypervisor_resources
            try:
                spec = found.device_assignable(device)
            except exception.PciConfigInvalidSpec:
                continue
            if spec is not None:
                spec.enhanced_pci_device_with_spec_tags(device)
                result[address] = device.get("managed", "true") == "true"
        return result

    def ours(self, entries: list[str]) -> dict[str, bool] | None:
        """Return the same of ours; None: it is refused."""
        try:
            found = offered.Offered(entries)
        except errors.ConfigError:
            return None
        matches = {
            address: found.pci(function)
            for address, function in self.functions.items()
        }
        return {
            address: match.managed
            for address, match in matches.items() if match is not None
        }

    def assert_same(self, *entries: str) -> dict[str, bool] | None:
        expected = self.nova(list(entries))
        self.assertEqual(expected, self.ours(list(entries)), str(entries))
        return expected

    def test_each_value(self) -> None:
        """Every value of every tag alone means the same to both."""
        for name, values in _CHOICES.items():
            for value in values:
                self.assert_same(json.dumps({name: value}))

    def test_random(self) -> None:
        """Some hundred random configurations mean the same to both."""
        rng = random.Random(SEED)
        good = {
            name: [
                value for value in values
                if self.nova([json.dumps({name: value})]) is not None
            ]
            for name, values in _CHOICES.items()
        }
        every = self.ours(["{}"]) or {}
        self.assertNotIn(VMD, every)
        kinds = {"refused": 0, "nothing": 0, "some": 0, "all": 0}
        for _ in range(COUNT):
            found = self.assert_same(
                *(_entry(rng, good) for _ in range(rng.choice((1, 1, 2, 3))))
            )
            kinds[
                "refused" if found is None
                else "nothing" if not found
                else "some" if len(found) < len(every)
                else "all"
            ] += 1
        # The random entries are worth something only if each occurs.
        self.assertGreater(min(kinds.values()), COUNT // 40, kinds)

    def test_what_is_no_object(self) -> None:
        """What is no JSON, no object or no list is refused by both."""
        for entry in (
            "", "{", "1", "null", "[1]", '"x"', "[]", "[{}]", "[[]]",
            '{"vendor_id": "15b3"} x', '{"vendor_id": "15b3",}', "NaN",
            '{"vendor_id": "15b3", "vendor_id": "8086"}',
        ):
            self.assert_same(entry)


def _entry(rng: random.Random, good: dict[str, list[Any]]) -> str:
    """Return an entry; most have nothing but what is good alone."""
    if rng.random() < 0.1:
        return json.dumps([
            json.loads(_entry(rng, good)) for _ in range(rng.randrange(1, 3))
        ])
    values = good if rng.random() < 0.8 else _CHOICES
    tags = {
        name: rng.choice(values[name])
        for name in _CHOICES
        if rng.random() < 0.15
    }
    if tags.get("address") and rng.random() < 0.9:
        tags.pop("devname", None)
    return json.dumps(tags)
