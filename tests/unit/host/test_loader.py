# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import importlib
import pathlib
import sys
import tempfile

from oslotest import base

from nova_vfio_compat.host import loader

_BROKEN = """\
[nova_vfio_compat.test_sources]
absent = no_such_package_of_sources:Source
other = string:Template
mlx5 = nova_vfio_compat.host.sources.mlx5:Mlx5Source
"""


class LoaderTest(base.BaseTestCase):
    def test_own_sources(self) -> None:
        """The installed sources are found, the strongest evidence first."""
        sources, _ = loader.load()
        names = [item.name for item in sources]
        self.assertEqual(
            ["migration", "mlx5", "mdev"],
            [n for n in names if n in ("migration", "mlx5", "mdev")],
        )

    def test_broken_packages(self) -> None:
        """A package that cannot be loaded is a problem and nothing more."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        info = pathlib.Path(folder.name) / "broken_sources-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Name: broken-sources\nVersion: 1\n")
        (info / "entry_points.txt").write_text(_BROKEN)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        importlib.invalidate_caches()
        sources, problems = loader.load("nova_vfio_compat.test_sources")
        self.assertEqual(["mlx5"], [item.name for item in sources])
        self.assertEqual(
            ["source absent", "source other"],
            sorted(item.path for item in problems),
        )
