# SPDX-License-Identifier: Apache-2.0

"""The classes of a fleet, and what each host reports."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import datetime

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report

#: addresses of the functions that a host may have
PFS = ("0000:81:00.0", "0000:82:00.0")
_GOOD = "MT_0000000838"
_BAD = "MT_0000000892"


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """What a fleet looks like.

    :ivar hosts: compute nodes, the source among them
    :ivar accepting: classes that can load what the source writes
    :ivar rejecting: classes that cannot; every tenth host has one of them
    :ivar mixed: per cent of the hosts, 10 at most, that have a second
        function, which is of a class that cannot
    :ivar names: other trait names with our prefix, of hosts that are gone
    """

    hosts: int
    accepting: int = 1
    rejecting: int = 1
    mixed: int = 0
    names: int = 0


def device(number: int, good: bool = True) -> device_class.DeviceClass:
    """A class of its own that accepts any firmware of its own card."""
    state = {
        "device_api": "vfio-pci",
        "firmware": f"28.43.{1000 + number}",
        "pf_device": "1021",
        "psid": _GOOD if good else _BAD,
    }
    return device_class.DeviceClass(
        family="mlx5",
        bus="pci",
        evidence=codes.Evidence.RULE,
        state=state,
        accepts=({**state, "firmware": "{f:any}"},),
        exposed={
            "bars": "0:mem64pref:0x100000",
            "class": "020000",
            "device": "101e",
            "msix": "32",
            "revision": "00",
            "vendor": "15b3",
        },
        unverified=("vf_migration_mode",),
    )


def functions(shape: Shape) -> Iterator[tuple[device_class.DeviceClass, ...]]:
    """The class of each function of each host; the source comes first."""
    good = [device(number) for number in range(shape.accepting)]
    bad = [device(number, False) for number in range(shape.rejecting)]
    for number in range(shape.hosts):
        one = good[number % len(good)]
        other = bad[number % len(bad)]
        tens, ones = divmod(number, 10)
        if ones == 1:
            yield (other,)
        elif ones == 2 and tens % 10 < shape.mixed:
            yield one, other
        else:
            yield (one,)


def traits(classes: tuple[device_class.DeviceClass, ...]) -> frozenset[str]:
    """What the reporter of a host with these functions publishes today."""
    today = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")
    return codec.encode(
        report.Report(
            classes={one.id: one for one in classes},
            devices={
                report.device_name(f"pci_{pf}"):
                    frozenset({one.id})
                for pf, one in zip(PFS, classes, strict=False)
            },
            seen=frozenset({today}),
        )
    )
