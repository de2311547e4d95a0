# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterable
import pathlib
import tempfile

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base as sources_base
from tests import trees

GVT = "i915-GVTg_V5_4"
GPU = "0000:00:02.0"
PF = "0000:81:00.0"
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
UUID2 = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
SELF = {
    "device_api": "vfio-pci",
    "type": GVT,
    "software_version": "1.0.0",
}


def declared(**differs: str) -> trees.Migration:
    """What a GVT-g mdev declares: itself, with differences."""
    return trees.Migration(
        self={**SELF, **differs}, compatible=[{"type": GVT}]
    )


class HostTestCase(base.BaseTestCase):
    """Has the root of a host and a builder for its files."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "host"
        self.root.mkdir()
        self.host = trees.HostBuilder(self.root)

    def write(self, path: str, data: str | bytes = "") -> pathlib.Path:
        """Write a file below the root as it is."""
        found = self.root / path
        found.parent.mkdir(parents=True, exist_ok=True)
        if found.exists():
            found.unlink()
        found.write_bytes(data if isinstance(data, bytes) else data.encode())
        return found

    def scan(
        self,
        offered: offered_.Offered | None = None,
        sources: Iterable[sources_base.Source] | None = None,
    ) -> device_.HostScan:
        """Look at the host."""
        return scan.scan(host_tree.HostTree(self.root), offered, sources)

    def devices(
        self, offered: offered_.Offered | None = None
    ) -> dict[str, device_.Device]:
        """Look at the host; devices by name, types as ``name/type``."""
        return {
            f"{item.name}/{item.type}"
            if item.kind == device_.MDEV_TYPE else item.name: item
            for item in self.scan(offered).devices
        }

    def one_class(self, name: str) -> compat.DeviceClass:
        """Look at the host; the only class of a device."""
        (found,) = self.devices()[name].classes
        return found

    def assert_unknown(
        self, name: str, code: compat.Code, *words: str
    ) -> device_.Problem:
        """The device has this code and a problem with these words."""
        item = self.devices()[name]
        (found,) = item.classes
        self.assertIs(code, found.reason)
        self.assertIsNone(found.state)
        (problem,) = item.problems
        text = f"{problem.path}\n{problem.detail}"
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("\n", problem.line)
        return problem
