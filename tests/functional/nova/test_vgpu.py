# SPDX-License-Identifier: Apache-2.0
"""Live migration of a server with a vGPU, whose version is declared."""

from __future__ import annotations

from tests.functional.nova import vgpu


class TestVgpu(vgpu.VgpuFleet):
    """Same major version, and not a newer minor than the destination's."""

    def test_lands_on_the_only_compatible_host(self) -> None:
        """Of two destinations the server goes to the one that can load it."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0", preferred=True)
        self.start("newer", "2.3.0")
        server = self.boot("src")
        self.assertEqual("newer", self.live_migrate(server))
        self.assertEqual(vgpu.provider("newer"), self.gpu_of(server))
        self.assertEqual(["newer"], self.prechecks.hosts)

    def test_no_compatible_host(self) -> None:
        """Nothing happens to the server, and the log says why, per host."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0")
        self.start("next", "3.1.0")
        server = self.boot("src")
        self.assert_refused(server)
        for host, version in (("older", "2.0.0"), ("next", "3.1.0")):
            self.assertNotEqual([], self.logged(
                " INFO ", host, "software_version", "2.1.0", version), host)

    def test_requested_host(self) -> None:
        """A host that the operator names is judged like any other."""
        self.start("src", "2.1.0")
        self.start("older", "2.0.0")
        self.start("newer", "2.3.0")
        server = self.boot("src")
        self.assert_refused(server, host="older")
        self.assertEqual("newer", self.live_migrate(server, host="newer"))

    def test_upgraded_host(self) -> None:
        """A class never seen before is understood without a restart."""
        self.start("src", "2.1.0")
        self.start("dst", "2.0.0")
        server = self.boot("src")
        self.assert_refused(server)
        self.report("dst", "2.7.0")
        self.assertEqual("dst", self.live_migrate(server))

    def test_direction(self) -> None:
        """What could migrate to a newer host cannot migrate back."""
        self.start("src", "2.1.0")
        self.start("newer", "2.3.0")
        server = self.boot("src")
        self.assertEqual("newer", self.live_migrate(server))
        self.assert_refused(server)

    def test_undeclared_types(self) -> None:
        """Without declared data, a vGPU of an equal type is compatible."""
        self.start("src", None, None)
        self.start("dst", None, None)
        server = self.boot("src")
        self.assertEqual("dst", self.live_migrate(server))

    def test_lands_on_the_right_gpu(self) -> None:
        """On a host with different GPUs the vGPU is taken from the right one.

        Placement's order is random: without us each move has one chance in
        four to come out right.
        """
        good, bad = "2.1.0", "3.1.0"
        self.start("src", good)
        self.start("first", good, bad, bad, bad)
        self.start("last", bad, bad, bad, good)
        server = self.boot("src")
        for host, gpu in (("first", 0), ("last", 3), ("first", 0)):
            self.assertEqual(host, self.live_migrate(server, host=host))
            self.assertEqual(
                vgpu.provider(host, vgpu.GPUS[gpu]), self.gpu_of(server))
