# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from typing import Any

from nova_vfio_compat.host import device_spec
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import offered
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from tests import trees
from tests.unit.host import base

VF = "0000:81:00.2"


class DeviceSpecTest(base.HostTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.mlx5_pf(base.PF, vfs=2)
        self.functions = pci.functions(host_tree.HostTree(self.root), [])

    def match(self, function: str, /, **entry: Any) -> offered.Match | None:
        return offered.Offered([json.dumps(entry)]).pci(
            self.functions[function]
        )

    def assert_offered(self, *addresses: str, **entry: Any) -> None:
        found = {a for a in self.functions if self.match(a, **entry)}
        self.assertEqual(set(addresses), found, str(entry))

    def test_ids(self) -> None:
        """Vendor and product match in any spelling of the number."""
        self.assert_offered(
            VF, "0000:81:00.3", vendor_id="15B3", product_id="0x101e"
        )
        self.assert_offered(vendor_id="15b3", product_id="ffff")

    def test_address_of_a_function(self) -> None:
        """One address matches one VF."""
        self.assert_offered(VF, address=VF)

    def test_address_of_a_pf_offers_its_vfs(self) -> None:
        """The address of a PF matches its VFs and itself."""
        self.assert_offered(
            base.PF, VF, "0000:81:00.3", address=base.PF
        )

    def test_glob(self) -> None:
        """A field that is left out, or '*', is any."""
        for address in ("*:81:00.*", ":81:00.", "81:*.*"):
            self.assert_offered(
                base.PF, VF, "0000:81:00.3", address=address
            )
        self.assert_offered("0000:81:00.3", address=".3")
        self.assert_offered(VF, address="*:*:*.2", vendor_id="15b3")

    def test_a_glob_is_no_pf(self) -> None:
        """A pattern that fits the PF does not offer its VFs, as in Nova."""
        self.assert_offered(base.PF, address="*:81:00.0")

    def test_regular_expressions(self) -> None:
        """Fields as regular expressions match at the beginning."""
        self.assert_offered(
            VF, "0000:81:00.3",
            address={"bus": "8[0-9]", "function": "[23]"},
        )
        self.assert_offered(
            base.PF, VF, "0000:81:00.3",
            address={"domain": "0", "bus": "81", "slot": "", "function": ""},
        )

    def test_devname(self) -> None:
        """A network interface stands for its function."""
        net = self.root / "sys/class/net/eth0"
        net.mkdir(parents=True)
        (net / "device").symlink_to(f"../../../bus/pci/devices/{base.PF}")
        self.assert_offered(
            base.PF, VF, "0000:81:00.3", devname="eth0"
        )
        self.assert_offered(devname="eth1")

    def test_devname_of_a_vf(self) -> None:
        """An interface of a VF, or of no PCI function, offers no more."""
        net = self.root / "sys/class/net"
        for name, device in (("vf0", VF), ("virtual", "virtio0")):
            (net / name).mkdir(parents=True)
            (net / name / "device").symlink_to(f"/sys/x/{device}")
        self.assert_offered(VF, devname="vf0")
        self.assert_offered(devname="virtual")

    def test_devname_that_leads_in_circles(self) -> None:
        """What cannot be resolved is the interface of no function."""
        self.host.break_file("sys/class/net/eth0/device")
        self.assert_offered(devname="eth0")

    def test_pf_is_what_has_vfs(self) -> None:
        """A PF that does not say how many VFs it may have offers itself."""
        self.host.mlx5_pf("0000:91:00.0", vfs=1)
        self.functions = pci.functions(host_tree.HostTree(self.root), [])
        path = "sys/bus/pci/devices/0000:91:00.0/sriov_totalvfs"
        for broken in ("many", ""):
            self.write(path, broken)
            # Not asked of its own VF, whose link says it.
            self.assert_offered(
                "0000:91:00.0", "0000:91:00.2", address="0000:91:00.0"
            )
            self.assert_offered(VF, address=VF)

    def test_large_domain(self) -> None:
        """Nova names no function of a domain of more than 16 bits."""
        self.host.pci("10000:01:00.0", trees.Function(0x8086, 0x1572))
        self.functions = pci.functions(host_tree.HostTree(self.root), [])
        self.assertIn("10000:01:00.0", self.functions)
        self.assert_offered(vendor_id="8086", product_id="1572")
        self.assertIsNone(self.match("10000:01:00.0", address="*:*:*.*"))

    def test_other_tags(self) -> None:
        """Tags that say nothing of which function it is are let pass."""
        self.assert_offered(
            VF,
            address=VF,
            physical_network="physnet1",
            remote_managed="false",
            live_migratable="yes",
            one_time_use=False,
            trusted="true",
            resource_class="CUSTOM_NIC",
            traits="CUSTOM_A,CUSTOM_B",
            anything=["else"],
        )

    def test_managed(self) -> None:
        """Managed is Nova's default and takes the usual words."""
        for value, expected in (
            (None, True), ("yes", True), ("No", False), ("false", False)
        ):
            entry = {} if value is None else {"managed": value}
            found = self.match(VF, **entry)
            self.assertEqual(offered.Match(managed=expected), found)

    def test_first_entry_decides(self) -> None:
        """Of several entries that match the first one counts."""
        entries = [
            '[{"address": "0000:81:00.2", "managed": "no"}]',
            '{"vendor_id": "15b3"}',
        ]
        found = offered.Offered(entries)
        self.assertEqual(
            offered.Match(managed=False), found.pci(self.functions[VF])
        )
        self.assertEqual(
            offered.Match(managed=True),
            found.pci(self.functions["0000:81:00.3"]),
        )

    def test_bad_entry_is_named(self) -> None:
        """An entry without meaning is an error that shows it."""
        for entry in (
            "{", "1", "[1]", '{"vendor_id": 5555}', '{"vendor_id": "xyz"}',
            '{"product_id": "12345"}', '{"address": "0:1:2:3.4"}',
            '{"address": "0000:81:20.0"}', '{"address": 1}',
            '{"address": {"bus": "["}}', '{"address": {"bus": 1}}',
            '{"managed": "perhaps"}', '{"live_migratable": "perhaps"}',
            '{"one_time_use": "perhaps"}', '{"product_id": " * "}',
            '{"address": {"bus": "a{99999999999999999999}"}}',
            '{"address": "0000:81:00. "}', "[" * 100_000,
            '{"address": "0000:81:00.0", "devname": "eth0"}',
        ):
            error = self.assertRaises(
                errors.ConfigError, device_spec.parse, [entry]
            )
            self.assertIn(entry, str(error))
            self.assertIn("device_spec", str(error))
