# SPDX-License-Identifier: Apache-2.0

"""What a source is, for those who add a family of devices."""

from __future__ import annotations

import abc
from typing import ClassVar

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci

#: what a source may be asked about; ``bus`` is ``pci`` or ``mdev``
Candidate = pci.PciFunction | mdev.Mdev | mdev.MdevType


class Source(abc.ABC):
    """Knows one family of devices: which are its own, and their class.

    A vendor adds a family in a package of its own: a class like this one,
    named in the entry point group ``nova_vfio_compat.sources``::

        class PdsSource(base.Source):
            \"\"\"AMD/Pensando VFs: the PF's running firmware decides.\"\"\"

            family = "pds"
            evidence = codes.Evidence.INFERRED

            def claims(self, device, ctx):
                return (
                    isinstance(device, pci.PciFunction)
                    and device.is_vf
                    and device.identity("vendor") == "1dd8"
                )

            def describe(self, device, ctx):
                driver = ctx.effective_driver(device)
                if driver.folded != "pds_vfio_pci":
                    raise errors.DescribeError(
                        device.path,
                        driver.code or codes.Code.PLAIN_VFIO_PCI,
                        "pds_vfio_pci is not its driver",
                    )
                exposed, missing = device.exposed()
                state = {
                    "device_api": "vfio-pci",
                    "board": ctx.tree.read(f"{device.path}/board"),
                }
                return device_class.DeviceClass(
                    family=self.family,
                    bus=device.bus,
                    evidence=self.evidence,
                    state=state,
                    accepts=(state,),
                    exposed=exposed,
                    unverified=("firmware", *missing),
                )

    and in its pyproject.toml::

        [project.entry-points."nova_vfio_compat.sources"]
        pds = "our_package.pds:PdsSource"

    Files are read through ``ctx.tree`` only. Nothing that identifies one
    device, that changes while it is used, or that depends on which driver
    is bound right now, may enter a class. An exception costs the device
    its class and nothing else.
    """

    #: the name of the family; part of every class
    family: ClassVar[str]
    #: what the classes rest on; of the sources that claim a device the
    #: one with the strongest evidence describes it
    evidence: ClassVar[codes.Evidence]

    @abc.abstractmethod
    def claims(self, device: Candidate, ctx: context.Context) -> bool:
        """Whether the device is of this family.

        Asked for every device of the host: look at what is known already
        before reading a file.
        """

    @abc.abstractmethod
    def describe(
        self, device: Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a device that this source claims.

        :raises DescribeError: it cannot be told or the device cannot
            migrate; the code becomes the reason of the device's class.
            ReadError, which ``ctx.tree`` raises, is one.
        :raises ParseError: a text cannot be understood
        """
