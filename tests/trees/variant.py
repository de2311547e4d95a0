# SPDX-License-Identifier: Apache-2.0
"""Functions under a variant driver of a vendor that nobody has heard of."""

from __future__ import annotations

from collections.abc import Sequence
import pathlib
import typing

from tests.trees import files
from tests.trees import functions

if typing.TYPE_CHECKING:
    from tests.trees import builder

DRIVER = "acme_vfio_pci"
#: The driver of the host, for its own use.
HOST_DRIVER = "acme"
PF = functions.Function(0x1abc, 0x0010, 1, 0x120000,
                        bars={0: functions.Bar(0x10000)})
VF = functions.Function(0x1abc, 0x0011, 1, 0x120000,
                        bars={0: functions.Bar(0x4000)})


def add_pf(host: builder.HostBuilder, address: str, *,
           drivers: Sequence[str | None] = (DRIVER,),
           vf: functions.Function = VF, loaded: bool = True,
           version: str | None = None) -> None:
    """Add a physical function with one VF per driver.

    :param loaded: whether the variant driver's module is, even where no
        VF is bound to it
    :param version: of that module
    """
    host.sriov(address, PF, vf, drivers, HOST_DRIVER, offset=1)
    for index, driver in enumerate(drivers):
        if driver == DRIVER:
            function = host.path(functions.offset_address(address, 1 + index))
            files.write(function / ("vfio-dev/vfio%d/dev" % (100 + index)),
                        "511:%d" % (100 + index))
            files.write(function / "driver_override", driver, 0o644)
    if loaded:
        host.module(DRIVER, version)
        files.link(host.sys / "bus/pci/drivers" / DRIVER / "module",
                   host.sys / "module" / DRIVER)


def add_alias(host: builder.HostBuilder, release: str = "6.12.1",
              function: functions.Function = VF,
              driver: str = DRIVER) -> None:
    """Let libvirt find the driver for a function; needs host.kernel()."""
    path = host.root / "usr/lib/modules" / release / "modules.alias"
    files.write(path, "%salias vfio_pci:v%08Xd%08Xsv*sd*bc*sc*i* %s" % (
        path.read_text(), function.vendor, function.device, driver), 0o644)


def write_without_links(root: pathlib.Path, address: str,
                        function: functions.Function) -> None:
    """Write a function as dumps without any link have it.

    Such as that of node-feature-discovery, testdata/source/pci/rootfs-1: a
    directory of a few attributes where sysfs has a link.
    """
    path = root / "sys/bus/pci/devices" / address
    for name, value in {
        "class": "0x%06x" % function.class_code,
        "device": "0x%04x" % function.device,
        "modalias": function.modalias,
        "reset_method": "flr bus",
        "vendor": "0x%04x" % function.vendor,
        "sriov_numvfs": "0",
        "sriov_totalvfs": "64",
    }.items():
        files.write(path / name, value)
