# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pathlib
import tempfile
import unittest

import acme_vfio_compat

from nova_vfio_compat import compat
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
from nova_vfio_compat.testing import host_files
from nova_vfio_compat.testing import source_contract

PF = "0000:81:00.0"
VF = "0000:81:00.1"


def write_host(root: pathlib.Path, firmware: str = "4.2.0") -> None:
    """Write a host that has one accelerator with one VF."""
    host = host_files.HostFiles(root)
    host.kernel({"acme_vfio_pci": "v00001ABCd00000021"})
    pf = host.function(PF, 0x1ABC, 0x0020, driver="acme")
    vf = host.function(VF, 0x1ABC, 0x0021, driver="acme", bars={0: 0x4000})
    host.virtual(PF, VF)
    host.write(pf / "acme/fw_version", firmware)
    host.write(pf / "acme/codec", "zstd")
    host.write(vf / "acme/queues", "64")


class AcmeContract(source_contract.SourceContract, unittest.TestCase):
    source = acme_vfio_compat.AcmeSource
    devices = (VF,)
    host_driver = "acme"
    vfio_driver = "acme_vfio_pci"

    def write_host(self, root: pathlib.Path) -> None:
        write_host(root)


class AcmeTest(unittest.TestCase):
    def vf(self, firmware: str) -> compat.DeviceClass:
        """Return the class of the VF of a host with this firmware."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        write_host(pathlib.Path(folder.name), firmware)
        found = scan.scan(tree.HostTree(folder.name))
        (vf,) = (item for item in found.devices if item.kind == "vf")
        return vf.classes[0]

    def test_old_to_new(self) -> None:
        """State goes to newer firmware of the same major, and not back."""
        old, new, major = map(self.vf, ("4.1.9", "4.2.0", "5.0.0"))
        for source, destination, expected in (
            (old, new, compat.Outcome.COMPATIBLE),
            (new, old, compat.Outcome.INCOMPATIBLE),
            (new, major, compat.Outcome.INCOMPATIBLE),
        ):
            verdict = compat.judge(source, destination)
            self.assertIs(expected, verdict.outcome, str(verdict))

    def test_no_version(self) -> None:
        """Firmware that has no version makes the VF unknown."""
        self.assertIs(compat.Code.MALFORMED, self.vf("unknown").reason)
