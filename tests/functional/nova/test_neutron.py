# SPDX-License-Identifier: Apache-2.0
"""SR-IOV ports of Neutron: Nova unplugs them, so no state moves."""

from __future__ import annotations

import json
import typing

from nova.tests.functional.libvirt import base as libvirt_base

from tests.functional.nova import harness
from tests.functional.nova import vf

GOOD, OLD = "28.43.1000", "28.41.1000"


class TestNeutron(vf.VfFleet):
    """VFs of the second PF are Neutron's; Placement knows of none."""

    PCI_IN_PLACEMENT = False
    PCI_DEVICE_SPEC = [
        json.dumps({
            "vendor_id": vf.VENDOR, "product_id": vf.VF_PRODUCT,
            "address": "*:81:00.*", "live_migratable": "yes"}),
        json.dumps({
            "vendor_id": vf.VENDOR, "product_id": vf.VF_PRODUCT,
            "address": "*:81:01.*", "physical_network": "physnet4"}),
    ]
    PCI_ALIAS = [json.dumps({
        "name": vf.ALIAS, "vendor_id": vf.VENDOR,
        "product_id": vf.VF_PRODUCT, "device_type": "type-VF",
        "live_migratable": "yes"})]

    def setUp(self) -> None:
        """Let Neutron know the ports that Nova's tests have."""
        super().setUp()
        self.neutron = self.useFixture(
            libvirt_base.LibvirtNeutronFixture(self))

    def boot(self, host: str | None = None,
             **kwargs: typing.Any) -> harness.Server:
        """Create a server with a port's VF, and what its flavor has."""
        port = self.neutron.create_port(
            {"port": self.neutron.network_4_port_1})["port"]
        return typing.cast(harness.Server, self._create_server(
            flavor_id=self.flavor, networks=[{"port": port["id"]}],
            host=host, **kwargs))

    def test_beside_a_device(self) -> None:
        """The port's VF may be of any class; the flavor's may not."""
        self.start("src", GOOD, OLD)
        self.start("old", OLD, GOOD, preferred=True)
        self.start("port-differs", GOOD, "28.45.1000")
        server = self.boot("src")
        self.assertEqual("port-differs", self.live_migrate(server))

    def test_alone(self) -> None:
        """A server that has ports only is not looked at."""
        self.start("src", GOOD, OLD)
        self.start("other", OLD, "28.45.1000")
        self.flavor = self._create_flavor()
        server = self.boot("src")
        self.filtering.clear()
        self.assertEqual("other", self.live_migrate(server))
        self.assertEqual([], self.filtering.requests)
