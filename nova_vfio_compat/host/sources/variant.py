# SPDX-License-Identifier: Apache-2.0

"""PCI functions under a variant driver that no source knows."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base

_NO_VARIANT = driver.CANNOT_MIGRATE | {driver.PLAIN}

# What a driver or a module may be called, and what versions look like.
_NAME = "[A-Za-z0-9_]{1,64}"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9 ._:+~-]{0,63}"


class VariantSource(base.Source):
    """PCI functions under a VFIO driver that no other source knows.

    What its driver checks is not known here. What is: QEMU wants the same
    ids, revision and class on both sides (hw/pci/pci.c, pci_init_cmask),
    BARs must not change under a guest, and a driver loads what it writes
    itself. So the same driver of the same version is taken for compatible,
    as a guess that says what it leaves open. Where the driver declares
    ``migration/`` for other functions of the host, nothing is guessed.
    """

    family = "variant"
    evidence = codes.Evidence.INFERRED
    generic = True
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "driver": "the VFIO driver, bound or to be bound",
    }
    optional = {
        "driver_version": "version of the driver's module in sys/module",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether a guest gets the device from some variant driver."""
        if not isinstance(device, pci.PciFunction):
            return False
        # A host's own functions, of which there are many, are not asked
        # for a driver that nobody wants for them.
        if not (
            device.is_vf
            or driver.is_vfio(device)
            or (ctx.offered is not None and ctx.match(device) is not None)
        ):
            return False
        name = ctx.effective_driver(device).folded
        return name is not None and name not in _NO_VARIANT

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a function, in use or not."""
        if not isinstance(device, pci.PciFunction):
            raise TypeError("not a PCI function")
        effective = ctx.effective_driver(device)
        name = effective.folded
        if effective.name is None or name is None:
            raise errors.DescribeError(
                device.path,
                effective.code or codes.Code.DRIVER_UNKNOWN,
                "its driver cannot be told",
            )
        base.shaped(f"{device.path}/driver", name, _NAME, "a driver's name")
        if _declares(name, ctx):
            raise errors.DescribeError(
                f"{device.path}/migration",
                codes.Code.NO_STATE,
                f"does not exist, though other functions under {name} have "
                "it",
            )
        return self.classify(
            device,
            {
                "device_api": "vfio-pci",
                "driver": name,
                "driver_version": _version(ctx.tree, effective.name, name),
            },
            unverified=(
                "configuration", "driver_rule", "exposed:msix", "firmware",
            ),
        )


def _declares(name: str, ctx: context.Context) -> bool:
    """Whether a driver declares what others of its functions can load.

    One of which it says nothing is then not for this guess: it may well
    be one that cannot migrate.
    """
    return any(
        "migration" in function.files
        and ctx.effective_driver(function).folded == name
        for function in ctx.functions.values()
    )


def _version(tree: host_tree.HostTree, driver_name: str, name: str) -> str:
    """The version of a driver's module; empty if it has none.

    :raises ReadError: the module is not loaded, so nothing tells; a guess
        would make another class of the device when it is
    """
    home = f"sys/bus/pci/drivers/{driver_name}"
    module = tree.link_name(f"{home}/module") or name
    path = f"sys/module/{module}"
    text = tree.read_optional(f"{path}/version")
    if text is not None:
        return base.shaped(f"{path}/version", text, _VERSION, "a version")
    if not (tree.is_dir(path) or tree.is_dir(home)):
        raise errors.Missing(
            path, "is not loaded, so its version cannot be told: load it"
        )
    return ""
