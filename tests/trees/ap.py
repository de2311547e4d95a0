# SPDX-License-Identifier: Apache-2.0
"""AP cards, queues and matrix mdevs as drivers/s390/crypto shows them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping

from tests import trees
from tests.trees import files
from tests.trees import mediated

TYPE = "vfio_ap-passthrough"
#: The kernel's name of the one parent.
PARENT = "matrix"


def add_matrix(
    host: trees.HostBuilder, cards: Mapping[str, str]
) -> None:
    """Add cards, ``{"05": "CEX7C"}``, and load vfio_ap."""
    for number, kind in cards.items():
        path = host.sys / "devices/ap" / f"card{number}"
        for name, value in {
            "type": kind,
            "hwtype": "13",
            "raw_hwtype": "13",
            "ap_functions": "0x92800000",
            "depth": "8",
            "config": "1",
            "chkstop": "0",
            "online": "1",
            "max_msg_size": "12288",
        }.items():
            files.write(path / name, value)
        files.link(host.sys / "bus/ap/devices" / path.name, path)
        files.link(path / "subsystem", host.sys / "bus/ap")
    host.module("vfio_ap")
    path = host.sys / "devices/vfio_ap" / PARENT
    files.write(path / "features", "guest_matrix dyn ap_config")
    files.link(path / "subsystem", host.sys / "bus/matrix")
    files.link(host.sys / "bus/matrix/devices" / PARENT, path)
    home = host.sys / "bus/matrix/drivers/vfio_ap"
    files.link(home / PARENT, path)
    files.link(path / "driver", home)
    mediated.write_parent(host.sys, path, {TYPE: {
        "name": "VFIO AP Passthrough Device",
        "device_api": "vfio-ap",
        "available_instances": "65536",
    }})


def add_mdev(
    host: trees.HostBuilder,
    uuid: str,
    *,
    adapters: Iterable[str] = (),
    domains: Iterable[str] = (),
    control_domains: Iterable[str] = (),
    offline: Iterable[str] = (),
) -> None:
    """Make an mdev and assign adapters, "05", and domains, "0004".

    :param offline: adapters that the guest does not see at this moment
    """
    host.mdev(uuid, parent=PARENT, type=TYPE)
    adapters, domains = sorted(adapters), sorted(domains)
    seen = [item for item in adapters if item not in set(offline)]
    masks = [
        _mask(adapters), _mask(domains), _mask(control_domains),
    ]
    for name, lines in {
        "matrix": _matrix(adapters, domains),
        # A guest has whole queues only.
        "guest_matrix": _matrix(seen, domains) if seen and domains else [],
        "control_domains": sorted(control_domains),
        "ap_config": [",".join(masks)],
    }.items():
        # A file without lines is empty, and has no newline.
        files.write(
            host.path(uuid) / name, "\n".join(lines) if lines else b""
        )


def _matrix(adapters: list[str], domains: list[str]) -> list[str]:
    if not adapters:
        return [f".{domain}" for domain in domains]
    if not domains:
        return [f"{adapter}." for adapter in adapters]
    return [f"{a}.{d}" for a in adapters for d in domains]


def _mask(numbers: Iterable[str]) -> str:
    """Return 256 bits, the first of which is the leftmost."""
    bits = sum(1 << 255 - int(number, 16) for number in numbers)
    return f"0x{bits:064x}"
