# SPDX-License-Identifier: Apache-2.0
"""Every ordered pair of devices of four hosts, and their kernels' verdicts.

tools/kernel-lab --record made the recordings; here nothing is booted.
"""

from __future__ import annotations

from collections.abc import Iterator
import pathlib
import tempfile
from typing import Any

from oslotest import base

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import render
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from tests.kernel import handmade
from tests.kernel import snapshot

Outcome = codes.Outcome
#: QEMU compares what a guest sees of a PCI function, and no driver does.
_STRICTER = {codes.Code.EXPOSED_DIFFERS}


class RecordedTest(base.BaseTestCase):
    """Four hosts, as they were on a real kernel."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.verdicts: dict[str, Any] = snapshot.recorded("verdicts")
        self.classes: dict[str, device_class.DeviceClass] = {}
        for host in self.verdicts["hosts"]:
            self._scan(host)

    def _scan(self, host: str) -> None:
        root = self.folder / host
        snapshot.write(snapshot.recorded(host), root)
        found = scan.scan(tree.HostTree(root)).devices
        for name, path in self.verdicts["devices"][host].items():
            wanted = path.rpartition("/")[2]
            wanted = "".join(c if c.isalnum() else "_" for c in wanted)
            (classes,) = (
                item.classes for item in found
                if item.name == f"pci_{wanted}"
                or item.name.startswith(f"mdev_{wanted}_"))
            self.classes[f"{host}/{name}"] = classes[0]

    def _pairs(self) -> Iterator[tuple[str, str, bool]]:
        for source in self.classes:
            for destination in self.classes:
                yield source, destination, (
                    destination in self.verdicts["loads"][source])

    def test_every_pair_was_judged(self) -> None:
        """The recording has every ordered pair of the recorded devices."""
        self.assertEqual(
            self.verdicts["pairs"], len(list(self._pairs())))
        self.assertGreater(self.verdicts["pairs"], 2000)

    def test_no_yes_where_a_kernel_said_no(self) -> None:
        """What a kernel refused to load is never called compatible."""
        wrong = []
        for source, destination, loads in self._pairs():
            verdict = acceptance.judge(
                self.classes[source], self.classes[destination])
            if verdict.outcome is Outcome.COMPATIBLE and not loads:
                wrong.append((source, destination))
        self.assertEqual([], wrong)

    def test_no_is_stricter_only_where_the_guest_would_see_it(self) -> None:
        """What a kernel loaded is refused only for what a guest sees."""
        wrong = []
        for source, destination, loads in self._pairs():
            verdict = acceptance.judge(
                self.classes[source], self.classes[destination])
            found = {item.code for item in verdict.mismatches}
            if (
                loads and verdict.outcome is not Outcome.COMPATIBLE
                and found != _STRICTER
            ):
                wrong.append((
                    source, destination, render.verdict_text(verdict)))
        self.assertEqual([], wrong)

    def test_hand_built_trees_look_like_recorded_ones(self) -> None:
        """Names, links, modes and formats of the tests' trees are real."""
        found = list(handmade.differences(
            self.folder / "alpha", self.folder / "handmade"))
        self.assertEqual([], found)
