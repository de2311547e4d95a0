# SPDX-License-Identifier: Apache-2.0

"""Devices that declare what they write and accept.

The proposals of 2020 for the kernel to say so; the documentation has a page
on each of their shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import instance
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import pci
from nova_vfio_compat.host import tree as host_tree
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import migration_files
from nova_vfio_compat.host.sources import migration_text
from nova_vfio_compat.host.sources import migration_type

_FOLDER = "migration"
_FILE = "migration_compatible"
_MAX_ALTERNATIVES = 64

#: What the proposal demands of ``self``; everything else is the vendor's.
MANDATORY = ("device_api", "type", "software_version")

_Normalise = Callable[[Mapping[str, str]], dict[str, str]]


class MigrationSource(base.Source):
    """PCI functions and mdevs whose driver declares what it takes.

    In a directory ``migration`` of the device, ``self`` is what it writes
    and ``compatible`` what it loads, with templates: directories with a
    file for each attribute, or text files (Yan Zhao, qemu-devel, 5 and
    19 August 2020). ``compatible`` may have several alternatives. In the
    form of 29 July 2020 all is in one file, ``migration_compatible``; in
    the last form, of 9 September 2020, the type of an mdev has attributes
    ``compatible_...`` and ``dynamic_resources``. No driver of the kernel's
    own tree has any of them.
    """

    family = "migration"
    evidence = codes.Evidence.DECLARED
    mandatory = {
        "device_api": "device_api of self, or of the mdev type",
        "software_version": "software_version of self, or of the mdev type",
        "type": "type of self (of a PCI function not in "
        "migration_compatible), or the name of the mdev type",
    }
    optional = {
        "pci_id": "pci_id of self: the device's, or the mdev's parent's",
        "aggregator": "aggregator of self; any other attribute likewise",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device, or its type, declares anything."""
        if isinstance(device, mdev.MdevType):
            return migration_type.declares(device, ctx.tree)
        if _FOLDER in device.files or _FILE in device.files:
            return True
        return (
            isinstance(device, mdev.Mdev)
            and device.type is not None
            and migration_type.declares(device.type, ctx.tree)
        )

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class that the device declares."""
        if isinstance(device, pci.PciFunction):
            _require_migration(device, ctx)
        if isinstance(device, mdev.MdevType):
            return self._of_type(device, ctx.tree, None)
        if _FILE in device.files and _FOLDER not in device.files:
            path = f"{device.path}/{_FILE}"
            declared = migration_files.read_file(ctx.tree, path)
        elif (
            isinstance(device, mdev.Mdev)
            and device.type is not None
            and _FOLDER not in device.files
        ):
            return self._of_type(device.type, ctx.tree, device)
        else:
            path = f"{device.path}/{_FOLDER}"
            declared = migration_files.read_folder(ctx.tree, path)
        state = _state(path, declared, isinstance(device, pci.PciFunction))
        if len(declared) - (state is not None) > _MAX_ALTERNATIVES:
            raise errors.DescribeError(
                path,
                codes.Code.MALFORMED,
                f"has more than {_MAX_ALTERNATIVES} alternatives",
            )
        return self._class(device, state, tuple(
            _normalised(place, raw, attributes.normalise_templates)
            for header, (place, raw) in declared
            if header != migration_text.SELF
        ))

    def tracking(
        self, device: base.Candidate, ctx: context.Context
    ) -> base.DirtyTracking:
        """Return who tracks dirty pages: that is not declared."""
        if isinstance(device, pci.PciFunction) and (
            ctx.effective_driver(device).folded in driver.WITHOUT_TRACKING
        ):
            return base.DirtyTracking.IOMMU
        return self.dirty_tracking

    def _class(
        self,
        device: pci.PciFunction | mdev.Mdev,
        state: dict[str, str] | None,
        accepts: tuple[dict[str, str], ...],
    ) -> device_class.DeviceClass:
        exposed: Mapping[str, str] = {}
        missing: tuple[str, ...] = ()
        settable: dict[str, str] = {}
        if isinstance(device, pci.PciFunction):
            exposed, missing = device.exposed()
            # What QEMU looks at besides, and no proposal declares.
            missing += ("dirty_tracking", "exposed:msix", "p2p")
        else:
            wanted = set(state or ()).difference(attributes.COMMON)
            settable = instance.paths(device, wanted)
        reason = None
        if state is None:
            reason = codes.Code.NO_STATE
        elif not accepts:
            reason = codes.Code.ACCEPTS_NOTHING
        return device_class.DeviceClass(
            family=self.family,
            bus=device.bus,
            evidence=self.evidence,
            state=state,
            accepts=accepts,
            exposed=exposed,
            unverified=missing,
            settable=tuple(settable),
            reason=reason,
        )

    def _of_type(
        self,
        item: mdev.MdevType,
        tree: host_tree.HostTree,
        existing: mdev.Mdev | None,
    ) -> device_class.DeviceClass:
        found = migration_type.read(item, tree, existing)
        return device_class.DeviceClass(
            family=self.family,
            bus=item.bus,
            evidence=self.evidence,
            state=found.state,
            accepts=(found.accepts,),
            settable=found.settable,
        )


def _require_migration(
    device: pci.PciFunction, ctx: context.Context
) -> None:
    """Make sure that a guest does not get a function from plain vfio-pci.

    What the kernel declares is the driver's that has the function now, or
    its PF's; QEMU asks the one that the guest gets it from.

    :raises DescribeError: that one cannot migrate
    """
    effective = ctx.effective_driver(device)
    code = effective.code
    if effective.folded == driver.PLAIN:
        code = codes.Code.PLAIN_VFIO_PCI
    elif effective.folded in driver.CANNOT_MIGRATE:
        code = codes.Code.DRIVER_CANNOT_MIGRATE
    if code is not None and not code.is_unknown:
        raise errors.DescribeError(
            device.path, code, f"a guest gets it from {effective.name}"
        )


def _state(
    folder: str, declared: migration_files.Declared, is_function: bool
) -> dict[str, str] | None:
    for header, (path, raw) in declared:
        if header != migration_text.SELF:
            continue
        state = _normalised(path, raw, attributes.normalise_state)
        for name in MANDATORY:
            # A function needs no name of a type in the form of one file.
            untyped = is_function and folder.endswith(f"/{_FILE}")
            if name not in state and not (untyped and name == "type"):
                raise errors.DescribeError(
                    path, codes.Code.MISSING_ATTRIBUTE, f"has no {name}"
                )
        return state
    return None


def _normalised(
    place: str, raw: Mapping[str, str], normalise: _Normalise
) -> dict[str, str]:
    try:
        return normalise(raw)
    except compat_errors.ParseError as error:
        # The message names the attribute by its one name; the file may
        # have another.
        for name, value in raw.items():
            if error.text and error.text in (value.strip(" \t\n"), name):
                place = f"{place}/{name}"
                break
        raise errors.malformed(place, error) from None
