# SPDX-License-Identifier: Apache-2.0

"""From a device to its class: by the source that knows it best."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import logging

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import device as device_
from nova_vfio_compat.host import driver
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base

LOG = logging.getLogger(__name__)

#: the family of PCI functions that no source knows
UNCLAIMED = "pci"


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """A device's class and what was wrong on the way."""

    device_class: device_class.DeviceClass
    problems: tuple[device_.Problem, ...] = ()


class Describer:
    """Asks the sources, in order, and survives each of them."""

    def __init__(
        self,
        sources: Iterable[loader.NamedSource],
        ctx: context.Context,
    ) -> None:
        self._sources = tuple(sources)
        self._ctx = ctx
        self._knowledge = knowledge.Knowledge.load(ctx.tree)
        self._failures: list[device_.Problem] = []
        self._failed: set[str] = set()

    @property
    def problems(self) -> tuple[device_.Problem, ...]:
        """What is wrong with sources or the operator's files so far."""
        return (
            *self._failures,
            *map(device_.Problem.of, self._knowledge.problems),
        )

    def owner(self, device: base.Candidate) -> loader.NamedSource | None:
        """Return the source that describes a device, None if none knows it."""
        for item in self._sources:
            try:
                if item.source.claims(device, self._ctx):
                    return item
            except errors.DescribeError:
                # What it looked at cannot be read: it cannot know.
                continue
            except Exception as error:
                self._source_failed(item, device, error)
        return None

    def describe(
        self, device: base.Candidate, owner: loader.NamedSource | None
    ) -> Description | None:
        """Return a device's class; None if it went away meanwhile."""
        if owner is None:
            result = self._unclaimed(device)
        else:
            result = self._by_source(device, owner)
        # A device that is removed while it is read looks broken at first.
        if not self._ctx.tree.is_dir(device.path):
            return None
        return dataclasses.replace(
            result, problems=(*result.problems, *_without_id(device, result))
        )

    def _by_source(
        self, device: base.Candidate, owner: loader.NamedSource
    ) -> Description:
        source = owner.source
        problems: tuple[device_.Problem, ...] = ()
        try:
            found = source.describe(device, self._ctx)
            if not isinstance(found, device_class.DeviceClass):
                raise TypeError(f"{found!r} is no DeviceClass")
            return Description(
                self._completed(device, source, found),
                tuple(source.remarks(device, self._ctx)),
            )
        except errors.DescribeError as error:
            code = error.code
            if code.is_unknown:
                problems = (device_.Problem.of(error),)
        except compat_errors.ParseError as error:
            code = codes.Code.MALFORMED
            problems = (
                device_.Problem.of(errors.malformed(device.path, error)),
            )
        except Exception as error:
            code = codes.Code.NO_SOURCE
            problems = (
                self._source_failed(owner, device, error),
            )
        return Description(
            self._silent(device, source.family, source.evidence, code),
            problems,
        )

    def _completed(
        self,
        device: base.Candidate,
        source: base.Source,
        found: device_class.DeviceClass,
    ) -> device_class.DeviceClass:
        """Add what decides besides the driver's own rule."""
        untracked = (
            found.reason is None
            and source.tracking(device, self._ctx)
            is base.DirtyTracking.IOMMU
        )
        if self._knowledge:
            subject = knowledge.Subject.of(device, self._ctx, found)
            tracked = self._knowledge.tracks_dirty_pages(subject)
            if not untracked or tracked:
                return self._knowledge.apply(found, subject, untracked)
        if not untracked:
            return found
        return self._silent(
            device,
            source.family,
            source.evidence,
            codes.Code.IOMMU_DIRTY_TRACKING,
        )

    def _unclaimed(self, device: base.Candidate) -> Description:
        code = codes.Code.NO_SOURCE
        problems: tuple[device_.Problem, ...] = ()
        if isinstance(device, pci.PciFunction):
            effective = self._ctx.effective_driver(device)
            if effective.folded == driver.PLAIN:
                code = codes.Code.PLAIN_VFIO_PCI
            elif effective.folded in driver.CANNOT_MIGRATE:
                code = codes.Code.DRIVER_CANNOT_MIGRATE
            elif effective.code is codes.Code.NO_VFIO_DRIVER:
                code = effective.code
            try:
                device.exposed()
            except errors.ReadError as error:
                code = error.code
                problems = (device_.Problem.of(error),)
        # A driver without migration support is all there is to know.
        evidence = (
            codes.Evidence.INFERRED if code.is_unknown
            else codes.Evidence.RULE
        )
        return Description(
            self._silent(device, UNCLAIMED, evidence, code), problems
        )

    def _silent(
        self,
        device: base.Candidate,
        family: str,
        evidence: codes.Evidence,
        code: codes.Code,
    ) -> device_class.DeviceClass:
        """The class of a device that writes nothing, or does not say."""
        exposed: Mapping[str, str] = {}
        if isinstance(device, pci.PciFunction):
            try:
                exposed = device.exposed()[0]
            except errors.ReadError:
                exposed = {}
        return device_class.DeviceClass(
            family=family,
            bus=device.bus,
            evidence=evidence,
            exposed=exposed,
            reason=code,
        )

    def _source_failed(
        self,
        owner: loader.NamedSource,
        device: base.Candidate,
        error: Exception,
    ) -> device_.Problem:
        """Note once that a source is broken; its author needs the place."""
        found = loader.problem(
            owner.name, f"failed for {device.path}: {error!r}"
        )
        if owner.name not in self._failed:
            self._failed.add(owner.name)
            self._failures.append(found)
            LOG.debug("Source %s failed", owner.name, exc_info=error)
        return found


def _without_id(
    device: base.Candidate, found: Description
) -> Iterable[device_.Problem]:
    """What is wrong with the ids that a source is found by.

    Without them another one describes the device, and has no reason to
    name them.
    """
    if isinstance(device, pci.PciFunction):
        for name in ("vendor", "device"):
            try:
                device.hexadecimal(name, 4)
            except errors.ReadError as error:
                problem = device_.Problem.of(error)
                if problem not in found.problems:
                    yield problem
