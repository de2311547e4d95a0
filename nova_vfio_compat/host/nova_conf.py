# SPDX-License-Identifier: Apache-2.0

"""Between nova.conf, the values that a snapshot holds, and what they mean."""

from __future__ import annotations

import json
from typing import Any

from oslo_config import cfg

from nova_vfio_compat.host import offered as offered_
from nova_vfio_compat.host import options

# What an entry of device_spec means here; the rest of it, such as a
# network's name, is nobody's business.
_FIELDS = ("vendor_id", "product_id", "address", "devname", "managed")


def device_options(conf: cfg.ConfigOpts) -> options.DeviceOptions:
    """Return what a nova.conf says of devices.

    :param conf: with Nova's options registered, those of the ``[mdev_*]``
        groups as well, after its files were read
    :raises ConfigError: an entry has no meaning
    """
    found = options.DeviceOptions(
        tuple(conf.pci.device_spec),
        tuple(
            (name, tuple(conf[f"mdev_{name}"].device_addresses))
            for name in conf.devices.enabled_mdev_types
        ),
    )
    # Told with the words of the file.
    offered(found)
    return options.DeviceOptions(
        tuple(map(_reduced, found.device_spec)), found.mdev_types
    )


def offered(known: options.DeviceOptions) -> offered_.Offered:
    """Return what these options offer.

    :raises ConfigError: an entry has no meaning
    """
    return offered_.Offered(known.device_spec, dict(known.mdev_types))


def _reduced(entry: str) -> str:
    document: Any = json.loads(entry)
    items = document if isinstance(document, list) else [document]
    return json.dumps(
        [
            {name: item[name] for name in _FIELDS if name in item}
            for item in items
        ],
        sort_keys=True,
    )
