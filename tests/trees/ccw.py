# SPDX-License-Identifier: Apache-2.0
"""Subchannels and channel paths as drivers/s390/cio shows them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

from tests import trees
from tests.trees import files
from tests.trees import mediated

TYPE = "vfio_ccw-io"
#: A FICON path.
FICON = "1b"
_PATHS = 8


def add_subchannel(
    host: trees.HostBuilder,
    number: str = "0.0.0313",
    *,
    chpids: Sequence[str] = ("40", "41"),
    driver: str | None = "vfio_ccw",
    kind: str = "0",
    device: str | None = "0.0.3f88",
    differs: Mapping[str, str | bytes | None] | None = None,
) -> None:
    """Add an I/O subchannel, an mdev parent if vfio_ccw is its driver.

    :param chpids: its installed paths; see :func:`add_path`
    :param kind: the content of ``type``
    :param device: its I/O device; None where there is none
    :param differs: content of further files, or None for one to leave out
    """
    path = host.sys / "devices/css0" / number
    numbers = [*chpids, *["00"] * (_PATHS - len(chpids))]
    installed = 0xff & ~(0xff >> len(chpids))
    attributes: dict[str, str | bytes | None] = {
        "type": kind,
        "modalias": f"css:t{kind}",
        "driver_override": "(null)",
        # Each number has a blank after it, the last one as well.
        "chpids": "".join(f"{item} " for item in numbers),
        "pimpampom": f"{installed:02x} {installed:02x} ff",
        "dev_busid": device or "none",
        **(differs or {}),
    }
    for name, value in attributes.items():
        if value is not None:
            files.write(path / name, value)
    lines = [f"DRIVER={driver}"] if driver else []
    files.write(path / "uevent", "\n".join([*lines, f"MODALIAS=css:t{kind}"]))
    files.link(host.sys / "bus/css/devices" / number, path)
    files.link(path / "subsystem", host.sys / "bus/css")
    if driver is None:
        return
    home = host.sys / "bus/css/drivers" / driver
    files.link(home / number, path)
    files.link(path / "driver", home)
    if driver == "vfio_ccw":
        host.module("vfio_ccw")
        mediated.write_parent(host.sys, path, {TYPE: {
            "name": "I/O subchannel (Non-QDIO)",
            "device_api": "vfio-ccw",
        }})


def add_path(
    host: trees.HostBuilder, chpid: str, kind: str | bytes = FICON,
    chid: str = "",
) -> None:
    """Add a channel path; ``chid`` is empty where it has no physical one."""
    for name, value in {
        "status": "online",
        "configure": "1",
        "type": kind,
        "cmg": "unknown",
        "shared": "1",
        "chid": chid,
        "chid_external": "1" if chid else "0",
        "esc": "0",
        "speed_bps": "0",
    }.items():
        text = value if value else b""
        files.write(host.sys / f"devices/css0/chp0.{chpid}" / name, text)
