# SPDX-License-Identifier: Apache-2.0
"""Live migration of a server with a virtual function of a ConnectX-7."""

from __future__ import annotations

from tests.functional.nova import vf


class TestVf(vf.VfFleet):
    """Firmware must be equal on both sides; Placement knows the devices."""

    def test_lands_on_the_only_compatible_host(self) -> None:
        """Of two destinations the server goes to the one of its firmware."""
        self.start("src", "28.43.1000")
        self.start("other", "28.41.1000", preferred=True)
        self.start("same", "28.43.1000")
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
        self.assertEqual(vf.provider("same"), self.pf_of(server))
        self.assertEqual(["same"], self.prechecks.hosts)

    def test_no_compatible_host(self) -> None:
        """Nothing happens to the server, and the log says why."""
        self.start("src", "28.43.1000")
        self.start("older", "28.41.1000")
        self.start("newer", "28.45.1000")
        server = self.boot("src")
        self.assert_refused(server)
        for host, version in (("older", "28.41.1000"),
                              ("newer", "28.45.1000")):
            self.assertNotEqual([], self.logged(
                " INFO ", host, "firmware", "28.43.1000", version), host)

    def test_requested_host(self) -> None:
        """A host that the operator names is judged like any other."""
        self.start("src", "28.43.1000")
        self.start("other", "28.41.1000")
        self.start("same", "28.43.1000")
        server = self.boot("src")
        self.assert_refused(server, host="other")
        self.assertEqual("same", self.live_migrate(server, host="same"))

    def test_upgraded_host(self) -> None:
        """A class never seen before is understood without a restart."""
        self.start("src", "28.43.1000")
        self.start("dst", "28.41.1000")
        server = self.boot("src")
        self.assert_refused(server)
        self.report("src", "28.45.1000")
        self.report("dst", "28.45.1000")
        self.assertEqual("dst", self.live_migrate(server))

    def test_lands_on_the_right_pf(self) -> None:
        """On a host with different PFs the VF is taken from the right one.

        Placement's order is random: without us each move has one chance in
        four to come out right.
        """
        good, bad = "28.43.1000", "28.41.1000"
        self.start("src", good)
        self.start("first", good, bad, bad, bad)
        self.start("last", bad, bad, bad, good)
        server = self.boot("src")
        for host, pf in (("first", 0), ("last", 3), ("first", 0)):
            self.assertEqual(host, self.live_migrate(server, host=host))
            self.assertEqual(
                vf.provider(host, vf.PFS[pf]), self.pf_of(server))

    def test_right_pf_is_full(self) -> None:
        """A free VF of a wrong PF does not make a host a destination."""
        self.start("src", "28.43.1000", "28.43.1000")
        self.start("dst", "28.41.1000", "28.43.1000")
        first, second = self.boot("src"), self.boot("src")
        self.assertEqual("dst", self.live_migrate(first))
        self.assertEqual(vf.provider("dst", vf.PFS[1]), self.pf_of(first))
        self.assert_refused(second)

    def test_two_devices(self) -> None:
        """Every device of a server must find one that can take its state."""
        self.start("src", "28.43.1000", "28.43.1000")
        self.start("mixed", "28.43.1000", "28.41.1000", preferred=True)
        self.start("same", "28.43.1000", "28.43.1000")
        self.flavor = self._create_flavor(
            extra_spec={"pci_passthrough:alias": vf.ALIAS + ":2"})
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
        self.assert_refused(server, host="mixed")


class TestVfWithoutPlacement(vf.VfFleet):
    """The same VFs where Placement does not know them (Nova's default)."""

    PCI_IN_PLACEMENT = False

    def test_lands_on_the_only_compatible_host(self) -> None:
        """The devices are known from Nova's database as well."""
        self.start("src", "28.43.1000")
        self.start("other", "28.41.1000", preferred=True)
        self.start("same", "28.43.1000")
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))

    def test_any_pairing(self) -> None:
        """A host is refused if Nova could pick a wrong VF of it."""
        self.start("src", "28.43.1000")
        self.start("mixed", "28.43.1000", "28.41.1000", preferred=True)
        self.start("same", "28.43.1000", "28.43.1000")
        server = self.boot("src")
        self.assertEqual("same", self.live_migrate(server))
        self.assert_refused(server, host="mixed")
