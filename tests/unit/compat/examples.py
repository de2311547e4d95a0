# SPDX-License-Identifier: Apache-2.0

"""Classes for tests, in the spelling of the proposals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_vfio_compat import compat
from nova_vfio_compat.compat import attributes


def declared(
    state: Mapping[str, str],
    *accepts: Mapping[str, str],
    **kwargs: Any,
) -> compat.DeviceClass:
    """The class of an mdev that publishes this self and compatible."""
    kwargs.setdefault("bus", "mdev")
    if not accepts:
        kwargs.setdefault("reason", compat.Code.ACCEPTS_NOTHING)
    return compat.DeviceClass(
        family="migration",
        evidence=compat.Evidence.DECLARED,
        state=attributes.normalise_state(state),
        accepts=tuple(map(attributes.normalise_templates, accepts)),
        **kwargs,
    )


def function(**kwargs: Any) -> compat.DeviceClass:
    """The class of a VF whose driver's rule is that all is equal."""
    state = {"device_api": "vfio-pci", "firmware": "28.43.1000"}
    state.update(kwargs.pop("state", {}))
    kwargs.setdefault("exposed", {"vendor": "15b3", "device": "101e"})
    return compat.DeviceClass(
        family="mlx5",
        bus="pci",
        evidence=compat.Evidence.RULE,
        state=state,
        accepts=(state,),
        **kwargs,
    )


# Yan Zhao, 29 Jul 2020, message 20200729080503.GB28676@joy-OptiPlex-7040:
# UUID2 may migrate to UUID1, not the other way.
UUID1 = declared(
    {
        "device_type": "pci",
        "device_id": "8086591d",
        "mdev_type": "i915-GVTg_V5_2",
        "aggregator": "1",
        "pv_mode": "none+ppgtt+context",
        "interface_version": "3",
    },
    {
        "device_type": "pci",
        "device_id": "8086591d",
        "mdev_type": "i915-GVTg_V5_{val1:int:1,2,4,8}",
        "aggregator": "{val1}/2",
        "pv_mode": '{val2:string:"none+ppgtt","none+context",'
        '"none+ppgtt+context"}',
        "interface_version": "{val3:int:2,3}",
    },
    {
        "device_type": "pci",
        "device_id": "8086591d",
        "mdev_type": "i915-GVTg_V5_{val1:int:1,2,4,8}",
        "aggregator": "{val1}/2",
        "pv_mode": "",
        "interface_version": "1",
    },
)
UUID2 = declared(
    {
        "device_type": "pci",
        "device_id": "8086591d",
        "mdev_type": "i915-GVTg_V5_4",
        "aggregator": "2",
        "interface_version": "1",
    },
    {
        "device_type": "pci",
        "device_id": "8086591d",
        "mdev_type": "i915-GVTg_V5_{val1:int:1,2,4,8}",
        "aggregator": "{val1}/2",
        "interface_version": "1",
    },
)

# Each ``1`` may be any of the variables', and all of them count again.
HOSTILE_TEXT = "1" * 90
HOSTILE = {
    "type": "".join(f"{{v{n}:int:1,11,111}}" for n in range(60)),
    "vendor_type": "".join(f"{{v{n}}}" for n in range(60)),
}
