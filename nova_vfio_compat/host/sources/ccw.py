# SPDX-License-Identifier: Apache-2.0

"""Channel I/O of s390x, which no kernel can migrate."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev
from nova_vfio_compat.host.sources import without_migration

_BYTE = "[0-9a-f]{2}"
_PATHS = 8


class CcwSource(base.Source):
    """I/O subchannels of s390x under vfio_ccw: they cannot migrate.

    The driver has no mig_ops (drivers/s390/cio/vfio_ccw_ops.c), so the
    class accepts nothing. Its state is what would have to be equal if it
    had some: the type of the subchannel and that of its channel paths
    (Cornelia Huck, qemu-devel, 13 and 17 August 2020, who left the masks of
    the paths out again). The I/O device behind the subchannel would have to
    be the same one, reached from both hosts; no file tells that. A guest
    migrates without the device: unplug it before and plug one after.
    """

    family = "ccw"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "device_api of the mdev type",
        "type": "the name of the mdev type's directory",
        "subchannel_type": "type of the subchannel; 0 is I/O",
    }
    optional = {
        "chpid_type": "type of the channel paths that pimpampom of the "
        "subchannel has as installed",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether vfio_ccw makes the device."""
        return mdev.maker(device) == "vfio_ccw"

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a subchannel; an mdev has that of its type."""
        item = mdev.type_of(device)
        return without_migration.classify(
            self,
            item,
            ctx,
            lambda: _subchannel(item.parent.path, ctx),
            ("ccw_device",),
        )


def _subchannel(subchannel: str, ctx: context.Context) -> dict[str, str]:
    """Return what only subchannels have (drivers/s390/cio/css.c)."""
    path = f"{subchannel}/type"
    return {
        "subchannel_type": base.shaped(
            path, ctx.tree.read(path), "[0-9a-f]", "one hexadecimal digit"
        ),
        "chpid_type": ",".join(_path_types(subchannel, ctx)),
    }


def _path_types(subchannel: str, ctx: context.Context) -> list[str]:
    """Return the types of the installed paths, each once.

    ``chpids`` has eight numbers, and 00 for a path that is not there, which
    is the number of a path as well: the first mask of ``pimpampom``
    tells (drivers/s390/cio/chp.c and css.c).
    """
    numbers = _bytes(f"{subchannel}/chpids", _PATHS, ctx)
    masks = _bytes(f"{subchannel}/pimpampom", 3, ctx)
    if numbers is None or masks is None:
        return []
    home = subchannel.rpartition("/")[0]
    system = home.rpartition("/")[2].removeprefix("css")
    found = set()
    for index, number in enumerate(numbers):
        if not int(masks[0], 16) & 0x80 >> index:
            continue
        path = f"{home}/chp{system}.{number}/type"
        text = base.shaped(
            path, ctx.tree.read(path), "[0-9a-f]{1,2}", "a hexadecimal number"
        )
        found.add(f"0x{int(text, 16):02x}")
    return sorted(found)


def _bytes(path: str, count: int, ctx: context.Context) -> list[str] | None:
    text = ctx.tree.read_optional(path)
    if text is None:
        return None
    base.shaped(
        path,
        text,
        f"{_BYTE}( {_BYTE}){{{count - 1}}} ?",
        f"{count} hexadecimal numbers of two digits",
    )
    return text.split()
