# SPDX-License-Identifier: Apache-2.0

"""One look at a host: which devices it has and of which classes."""

from __future__ import annotations

from collections.abc import Iterable

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import describe
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import instance
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import names
from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base


def scan(
    tree: host_tree.HostTree,
    offered: offered_.Offered | None = None,
    sources: Iterable[base.Source] | None = None,
) -> device_.HostScan:
    """Find the devices of a host and describe each.

    Listed are PCI functions that are VFs or have some, declare something,
    are under a VFIO driver, are claimed by a source or offered by
    nova.conf; the types of each mdev parent; and each mdev. A VF that is
    itself an mdev parent is listed by its types.

    :param offered: what nova.conf offers; None: everything is offered, and
        managed, which is Nova's default
    :param sources: instead of those that are installed
    :raises NotAHostTree: the root of the tree holds no host
    """
    tree.check()
    if sources is None:
        named, problems = loader.load()
    else:
        problems = ()
        named = loader.ranked(
            [loader.NamedSource(item.family, item) for item in sources]
        )
    return _Scan(tree.once(), offered, named).run(problems)


_Existing = tuple[mdev.Mdev, describe.Description]

# What a fresh mdev will declare where that is set on each.
_FRESH = device_class.DeviceClass(
    family="migration",
    bus="mdev",
    evidence=codes.Evidence.DECLARED,
    reason=codes.Code.NO_STATE,
)


# Each lists devices of its kind, and all of them.
_LISTS = (pci.DEVICES, mdev.MDEVS, mdev.PARENTS)


class _Scan:
    def __init__(
        self,
        tree: host_tree.HostTree,
        offered: offered_.Offered | None,
        sources: tuple[loader.NamedSource, ...],
    ) -> None:
        self._broken: list[errors.ReadError] = []
        functions = pci.functions(tree, self._broken)
        self._mediated = mdev.Mediated(tree, functions, self._broken)
        self._ctx = context.Context(tree, functions, offered)
        self._describer = describe.Describer(sources, self._ctx)
        self._devices: list[device_.Device] = []
        self._broken.extend(
            errors.ReadError(path, codes.Code.MALFORMED, "is no directory")
            for path in _LISTS
            if tree.exists(path) and not tree.is_dir(path)
        )

    def run(
        self, problems: tuple[device_.Problem, ...]
    ) -> device_.HostScan:
        for function in self._ctx.functions.values():
            self._add_function(function)
        for address, pf in pci.lost_vfs(self._ctx.tree, self._ctx.functions):
            self._add_lost(address, pf)
        mdevs: dict[str, list[_Existing]] = {}
        for item in self._mediated.mdevs:
            found = self._add_mdev(item)
            if found is not None and item.type is not None:
                mdevs.setdefault(item.type.path, []).append((item, found))
        for type_ in self._mediated.types.values():
            self._add_type(type_, mdevs.get(type_.path, []))
        return device_.HostScan(
            tuple(
                sorted(
                    self._devices,
                    key=lambda item: (item.name, item.type or "", item.kind),
                )
            ),
            (
                *problems,
                *self._describer.problems,
                *(
                    device_.Problem.of(error)
                    for error in (*self._broken, *self._ctx.drivers.broken)
                ),
            ),
            tuple(
                error.path for error in self._broken if error.path in _LISTS
            ),
        )

    def _add_function(self, function: pci.PciFunction) -> None:
        owner = self._describer.owner(function)
        if not self._is_listed(function, owner is not None):
            return
        kind = device_.VF if function.is_vf else device_.PCI
        classes: tuple[device_class.DeviceClass, ...] = ()
        problems: tuple[device_.Problem, ...] = ()
        driver_name = function.bound
        if function.has_vfs:
            kind = device_.PF
        if not function.has_vfs or owner is not None:
            found = self._describer.describe(function, owner)
            if found is None:
                return
            classes = (found.device_class,)
            problems = found.problems
            driver_name = self._ctx.effective_driver(function).name
        self._devices.append(
            device_.Device(
                name=function.name,
                kind=kind,
                parent=names.pci(function.pf) if function.pf else None,
                driver=driver_name,
                bound=function.bound,
                type=None,
                classes=classes,
                # Its VFs are what Nova hands out.
                offered=(
                    not function.has_vfs and self._ctx.is_offered(function)
                ),
                problems=problems,
            )
        )

    def _add_lost(self, address: str, pf: pci.PciFunction) -> None:
        """Add a VF of which nothing but its PF is known."""
        if self._ctx.offered is not None and not any(
            item.offered and item.kind == device_.VF
            and item.parent == pf.name
            for item in self._devices
        ):
            return
        self._devices.append(
            device_.Device(
                name=names.pci(address),
                kind=device_.VF,
                parent=pf.name,
                driver=None,
                bound=None,
                type=None,
                classes=(),
                offered=True,
            )
        )

    def _is_listed(self, function: pci.PciFunction, claimed: bool) -> bool:
        if claimed or driver.is_vfio(function):
            return True
        if self._ctx.offered is not None and self._ctx.match(function):
            return True
        if function.is_mdev_parent:
            return False
        return function.is_vf or function.has_vfs

    def _add_mdev(self, item: mdev.Mdev) -> describe.Description | None:
        owner = self._describer.owner(item)
        found = self._describer.describe(item, owner)
        if found is None:
            return None
        parent = item.parent
        type_id = None if item.type is None else item.type.id
        self._devices.append(
            device_.Device(
                name=item.name,
                kind=device_.MDEV,
                parent=None if parent is None else parent.name,
                driver=item.bound,
                bound=item.bound,
                type=type_id,
                classes=(found.device_class,),
                offered=(
                    parent is not None
                    and type_id is not None
                    and self._ctx.mdev_type_offered(parent.address, type_id)
                ),
                problems=found.problems,
            )
        )
        return found

    def _fresh(self, item: mdev.MdevType) -> device_class.DeviceClass:
        """The class of a new mdev, where existing ones were set."""
        found = self._describer.describe(item, self._describer.owner(item))
        if (
            found is not None
            and found.device_class.evidence is codes.Evidence.DECLARED
        ):
            # The type declares what its mdevs are before they are set.
            return found.device_class
        return _FRESH

    def _add_type(
        self, item: mdev.MdevType, mdevs: list[_Existing]
    ) -> None:
        existing = {found.device_class for _, found in mdevs}
        problems: tuple[device_.Problem, ...] = ()
        if any(
            # Where the operator adds something it is the operator's word.
            one.evidence is codes.Evidence.DECLARED
            or one.family == _FRESH.family
            for one in existing
        ):
            # Nova may hand out each of these. A fresh one is like them,
            # unless they were set to what they are.
            if any(
                instance.is_settable(one, found.device_class.state or ())
                for one, found in mdevs
            ):
                existing.add(self._fresh(item))
            classes = tuple(sorted(existing, key=lambda one: one.id))
        else:
            found = self._describer.describe(
                item, self._describer.owner(item)
            )
            if found is None:
                return
            classes = (found.device_class,)
            problems = found.problems
        parent = item.parent
        self._devices.append(
            device_.Device(
                name=parent.name,
                kind=device_.MDEV_TYPE,
                parent=parent.name,
                driver=item.driver,
                bound=parent.bound,
                type=item.id,
                classes=classes,
                offered=self._ctx.mdev_type_offered(parent.address, item.id),
                problems=problems,
            )
        )
