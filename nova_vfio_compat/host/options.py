# SPDX-License-Identifier: Apache-2.0

"""What nova.conf says of devices, as values that a snapshot can hold."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceOptions:
    """Which devices nova.conf offers to guests; see :mod:`nova_conf`.

    :ivar device_spec: the entries of ``[pci] device_spec``, in their order
    :ivar mdev_types: each of ``[devices] enabled_mdev_types``, in their
        order, with the ``device_addresses`` of its group
    """

    device_spec: tuple[str, ...] = ()
    mdev_types: tuple[tuple[str, tuple[str, ...]], ...] = ()
