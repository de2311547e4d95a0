# SPDX-License-Identifier: Apache-2.0

"""The driver under which a guest gets a PCI function.

Not the one that happens to be bound: with Nova's default (managed
devices) libvirt binds a VFIO driver when a guest gets the function and the
host's driver again afterwards, so a free VF on ``mlx5_core`` and a used one
on ``mlx5_vfio_pci`` are the same device.
"""

from __future__ import annotations

import dataclasses
import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import modules_alias
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree

PLAIN = "vfio_pci"

# In the kernel's tree and without migration: they set no mig_ops
# (drivers/vfio/pci/{nvgrace-gpu,ism}/main.c).
CANNOT_MIGRATE = frozenset({"nvgrace_gpu_vfio_pci", "ism_vfio_pci"})

# In the kernel's tree, with migration and without log_ops: only the IOMMU
# can tell which pages they have written.
WITHOUT_TRACKING = frozenset({
    "hisi_acc_vfio_pci", "qat_vfio_pci", "virtio_vfio_pci", "xe_vfio_pci",
})

# Asked only where modules.alias is missing: the one VF of all generations
# that mlx5_vfio_pci is for (drivers/vfio/pci/mlx5/main.c).
_WITHOUT_ALIASES = {("15b3", "101e"): "mlx5_vfio_pci"}

# Drivers whose name differs from their module's in more than '_'.
_HYPHENS = {"vfio_pci": "vfio-pci", "xe_vfio_pci": "xe-vfio-pci"}


def fold(name: str | None) -> str | None:
    """Return a driver's name in one spelling.

    The kernel's own names have hyphens (``xe-vfio-pci``) or underscores
    (``mlx5_vfio_pci``), its documents sometimes the other.
    """
    return None if name is None else name.replace("-", "_")


@dataclasses.dataclass(frozen=True, slots=True)
class Effective:
    """The driver under which a guest would get a function.

    :ivar name: as the kernel spells it; None if there is none or it is
        not known
    :ivar code: why there is no name
    """

    name: str | None
    code: codes.Code | None = None

    @property
    def folded(self) -> str | None:
        """The name in one spelling, for comparisons."""
        return fold(self.name)


class Drivers:
    """Finds the effective driver of functions, for one scan."""

    def __init__(self, tree: host_tree.HostTree) -> None:
        self._tree = tree
        self._aliases: modules_alias.ModulesAlias | None = None
        self._asked = False
        #: what could not be read on the way
        self.broken: list[errors.ReadError] = []

    def effective(
        self, function: pci.PciFunction, managed: bool
    ) -> Effective:
        """Return the driver under which a guest gets ``function``.

        :param managed: whether libvirt binds the driver (Nova's default)
        """
        if is_vfio(function):
            return Effective(function.bound)
        if not managed:
            return _unmanaged(function)
        aliases = self._modules_alias()
        if aliases is None:
            return self._without_aliases(function)
        modalias = _modalias(function)
        if modalias is None:
            return Effective(None, codes.Code.DRIVER_UNKNOWN)
        return Effective(self._driver_of(aliases.module(modalias) or PLAIN))

    def _modules_alias(self) -> modules_alias.ModulesAlias | None:
        if not self._asked:
            self._asked = True
            try:
                self._aliases = modules_alias.ModulesAlias.read(self._tree)
            except errors.ReadError as error:
                self.broken.append(error)
        return self._aliases

    def _without_aliases(self, function: pci.PciFunction) -> Effective:
        ids = (function.identity("vendor"), function.identity("device"))
        name = _WITHOUT_ALIASES.get((ids[0] or "", ids[1] or ""))
        if name is not None and (
            self._tree.is_dir(f"sys/module/{name}")
            or self._tree.is_dir(f"sys/bus/pci/drivers/{name}")
        ):
            return Effective(name)
        return Effective(None, codes.Code.DRIVER_UNKNOWN)

    def _driver_of(self, module: str) -> str:
        """The name of a module's PCI driver; the module may not be loaded."""
        folder = f"sys/module/{fold(module)}/drivers"
        try:
            found = [
                name.removeprefix("pci:")
                for name in self._tree.listdir(folder)
                if name.startswith("pci:")
            ]
        except errors.ReadError:
            found = []
        if len(found) == 1:
            return found[0]
        folded = module.replace("-", "_")
        return _HYPHENS.get(folded, folded)


def is_vfio(function: pci.PciFunction) -> bool:
    """Whether a VFIO driver is bound to the function now."""
    if function.bound is None:
        return False
    # By name as well: vfio-dev/ came with Linux 6.1.
    return _names_vfio(function.bound) or "vfio-dev" in function.files


def _names_vfio(name: str) -> bool:
    return "vfio" in (fold(name) or "").split("_")


def _unmanaged(function: pci.PciFunction) -> Effective:
    """The driver of a function that libvirt leaves as it is.

    With ``driver_override`` (driverctl and such) the operator has said
    which driver the kernel binds, and no other is; that it is not bound at
    this moment passes. Where libvirt binds drivers it writes over it, so
    there it says nothing.
    """
    try:
        name = function.tree.read_optional(
            f"{function.path}/driver_override"
        )
    except errors.ReadError as error:
        return Effective(None, error.code)
    # "(null)" is what the kernel prints where nothing was written.
    if name is not None and _names_vfio(name):
        return Effective(name)
    return Effective(None, codes.Code.NO_VFIO_DRIVER)


def _modalias(function: pci.PciFunction) -> str | None:
    try:
        text = function.tree.read_optional(f"{function.path}/modalias")
    except errors.ReadError:
        return None
    if text is not None:
        return text if re.match(r"pci:v[0-9A-F]{8}d", text) else None
    # drivers/pci/pci-sysfs.c, modalias_show
    values = {}
    for name, digits in (
        ("vendor", 4), ("device", 4), ("subsystem_vendor", 4),
        ("subsystem_device", 4), ("class", 6),
    ):
        try:
            values[name] = function.hexadecimal(name, digits).upper()
        except errors.ReadError:
            if name in ("vendor", "device"):
                return None
            values[name] = "0" * digits
    kind = values["class"]
    return (
        f"pci:v0000{values['vendor']}d0000{values['device']}"
        f"sv0000{values['subsystem_vendor']}"
        f"sd0000{values['subsystem_device']}"
        f"bc{kind[:2]}sc{kind[2:4]}i{kind[4:]}"
    )
