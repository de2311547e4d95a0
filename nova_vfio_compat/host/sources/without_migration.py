# SPDX-License-Identifier: Apache-2.0

"""Mdevs that are well known, and known not to migrate."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import mdev as host_mdev
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev


def classify(
    source: base.Source,
    item: host_mdev.MdevType,
    ctx: context.Context,
    more: Callable[[], Mapping[str, str]],
    unverified: tuple[str, ...],
) -> device_class.DeviceClass:
    """Return the class of a device whose driver cannot migrate.

    It accepts nothing; its state shows an operator what would have to be
    equal. A file of those that cannot be read takes the state away, and is
    no problem: the answer is no in any case.

    :param item: the type of the device
    :param more: returns what devices of the family have besides API and
        type, empty where one lacks it; may raise a DescribeError or a
        ParseError
    :param unverified: what would decide as well and is not in a class
    """
    state: Mapping[str, str] | None
    try:
        state = attributes.normalise_state({
            "device_api": mdev.device_api(item, ctx),
            "type": base.shaped(item.path, item.id, mdev.WORD, "a type's id"),
            **more(),
        })
    except (errors.DescribeError, compat_errors.ParseError):
        state = None
    return device_class.DeviceClass(
        family=source.family,
        bus=item.bus,
        evidence=source.evidence,
        vocabulary=source.vocabulary,
        since=source.since,
        state=state,
        unverified=unverified,
        reason=codes.Code.DRIVER_CANNOT_MIGRATE,
    )
