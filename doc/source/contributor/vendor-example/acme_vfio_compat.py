# SPDX-License-Identifier: Apache-2.0

"""ACME accelerators under ``acme_vfio_pci``."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base

_VENDOR = "1abc"
_DEVICE = "0021"


class AcmeSource(base.Source):
    """VFs of ACME accelerators.

    The destination's firmware loads what firmware of the same major
    version has written, if that is not newer than itself. The number of
    queues must be equal, and so must the codec that is burnt in.

    Reference: acme_vfio_pci.c, acme_check_header.
    """

    family = "acme"
    evidence = codes.Evidence.RULE
    mandatory = {
        "firmware": "of the PF: acme/fw_version",
        "queues": "of the VF: acme/queues",
    }
    optional = {
        "codec": "of the PF: acme/codec, which drivers before 2.0 lack",
    }
    # acme_vfio_pci has log_ops, and sets VFIO_MIGRATION_P2P.
    dirty_tracking = base.DirtyTracking.DEVICE
    p2p = True

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF of an ACME accelerator."""
        return (
            isinstance(device, pci.PciFunction)
            and device.is_vf
            and device.identity("vendor") == _VENDOR
            and device.identity("device") == _DEVICE
        )

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF."""
        if not isinstance(device, pci.PciFunction):
            raise TypeError("not a PCI function")
        # Under vfio-pci, for example, it cannot migrate; not whether it is
        # bound right now, but what a guest would get it from.
        base.require_driver(device, ctx, "acme_vfio_pci")
        pf = base.require_pf(device, ctx)

        # A file that is missing or cannot be read raises what makes the
        # device unknown; shaped() does it for a text that is no version.
        path = f"{pf.path}/acme/fw_version"
        firmware = base.shaped(
            path, ctx.tree.read(path), r"[0-9]{1,4}(\.[0-9]{1,4}){2}",
            "a version such as 4.2.0",
        )
        path = f"{device.path}/acme/queues"
        queues = base.shaped(
            path, ctx.tree.read(path), "[1-9][0-9]{0,3}", "a number"
        )
        state = {
            "device_api": "vfio-pci",
            "firmware": firmware,
            "queues": queues,
        }
        major = firmware.partition(".")[0]
        accepts = {
            **state, "firmware": f"{{f:version:{major}.0.0-{firmware}}}"
        }

        unverified = []
        path = f"{pf.path}/acme/codec"
        codec = ctx.tree.read_optional(path)
        if codec is None:
            # It decides all the same: say that it has not been compared.
            unverified.append("codec")
            accepts["codec"] = "{c:any}"
        else:
            state["codec"] = base.shaped(
                path, codec, "[a-z0-9]{1,16}", "a name"
            )
            accepts["codec"] = state["codec"]
        return self.classify(
            device, state, accepts=(accepts,), unverified=unverified
        )
