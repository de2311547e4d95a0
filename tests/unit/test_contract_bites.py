# SPDX-License-Identifier: Apache-2.0

"""The contract of sources notices what is wrong with a source."""

from __future__ import annotations

import pathlib
import unittest

from nova_vfio_compat.host.sources import base
from nova_vfio_compat.testing import host_files
from nova_vfio_compat.testing import source_contract
from tests.unit import bad_sources
from tests.unit import good_source

PF = "0000:81:00.0"
VF = "0000:81:00.1"


class Fiction(source_contract.SourceContract):
    devices = (VF,)
    host_driver = "fiction"
    vfio_driver = "fiction_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        host = host_files.HostFiles(root)
        host.kernel({self.vfio_driver: "v00001ABCd00000021"})
        pf = host.function(PF, 0x1ABC, 0x0020, driver="fiction")
        vf = host.function(VF, 0x1ABC, 0x0021, driver="fiction")
        host.virtual(PF, VF)
        host.write(pf / "fw", "4.2")
        host.write(vf / "level", "7")
        host.write(vf / "guests", "0")
        host.write(vf / "config", b"\x00")
        host.write(vf / "board_serial", "S123456")

    def use_host(self, root: pathlib.Path) -> None:
        host = host_files.HostFiles(root)
        host.write(host.path(VF) / "guests", "1")


class BitesTest(unittest.TestCase):
    def outcome(
        self, source: type[base.Source], name: str
    ) -> unittest.TestResult:
        """Run one test of the contract for a source."""
        kind = type(
            "Contract", (Fiction, unittest.TestCase), {"source": source}
        )
        result = unittest.TestResult()
        kind(f"test_{name}").run(result)
        self.assertEqual([], result.errors)
        return result

    def test_good(self) -> None:
        """A source that keeps the contract passes each test that bites."""
        for name in sorted(set(bad_sources.BAD.values())):
            with self.subTest(name):
                found = self.outcome(good_source.Good, name)
                self.assertTrue(found.wasSuccessful(), found.failures)

    def test_bad(self) -> None:
        """Each source that breaks it in one way fails."""
        for source, name in bad_sources.BAD.items():
            with self.subTest(source.__name__):
                self.assertEqual(1, len(self.outcome(source, name).failures))

    def test_not_installed(self) -> None:
        """A source that no entry point names is never asked."""
        found = self.outcome(good_source.Good, "can_be_loaded")
        self.assertEqual(1, len(found.failures))
