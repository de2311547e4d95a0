# SPDX-License-Identifier: Apache-2.0

"""Names of NVIDIA's vGPU types, by their numbers.

The number of a type is all that a VF shows of the vGPU that was made on it
(``nvidia/current_vgpu_type``). Names are in two places:

- ``vgpuConfig.xml``, which is installed with the vGPU manager: an element
  ``vgpuType`` with ``id`` and ``name`` for each type of all boards
  (https://github.com/NVIDIA/vgpu-device-manager, cmd/vgpu-config);
- ``nvidia/creatable_vgpu_types`` of each VF: what could be made on it now.
  A type is gone from there as soon as the board is too full for another.

So the file is asked first: a name must not depend on what is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import re

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev

CONFIG = "usr/share/nvidia/vgpu/vgpuConfig.xml"
#: bytes; a release's is a few megabytes, most of it signatures
_LIMIT = 32 << 20
# "ID    : vGPU Name" is the header that some releases have.
_LINE = re.compile(r"\s*([0-9]{1,9})\s*:\s*(.*?)\s*")


def name(
    number: int, path: str, ctx: context.Context,
    vf: pci.PciFunction | None = None,
) -> str:
    """Return the name of a type, ``NVIDIA A40-1B``.

    :param path: where the number is from
    :param vf: the VF that has the type, in front of all others
    :raises ReadError: the file of names cannot be read, and no VF names
        the type; or the name is none
    :raises DescribeError: nothing names the type
    """
    problem: errors.ReadError | None = None
    place = CONFIG
    found = None
    try:
        found = _configured(number, ctx)
    except errors.ReadError as error:
        problem = error
    if found is None:
        place, found = _creatable(number, ctx, vf)
    if found is not None:
        return base.shaped(
            place, found, mdev.WORD, "the name of a vGPU type"
        )
    if problem is not None and not isinstance(problem, errors.Missing):
        raise problem
    raise errors.DescribeError(
        path,
        codes.Code.VGPU_TYPE_UNKNOWN,
        f"is {number}, which nothing names: /{CONFIG} of the vGPU manager "
        f"{'is not there' if problem else 'does not have it'}, and no VF "
        "has it in nvidia/creatable_vgpu_types",
    )


def _configured(number: int, ctx: context.Context) -> str | None:
    """The name in ``vgpuConfig.xml``.

    Read by lines and not as XML: what has the names is a small part of a
    file of megabytes, each on a line of its own.
    """
    for line in ctx.tree.lines(CONFIG, _LIMIT, b"<vgpuType "):
        if f' id="{number}"' in line:
            match = re.search(r'\sname="([^"]*)"', line)
            return None if match is None else match[1].strip()
    return None


def _creatable(
    number: int, ctx: context.Context, vf: pci.PciFunction | None
) -> tuple[str, str | None]:
    """The name in the lists of the VFs, and the list that has it.

    A number means the same on every board of a host.
    """
    near = () if vf is None else (
        vf, *(one for one in ctx.functions.values() if one.pf == vf.pf)
    )
    for function in (*near, *ctx.functions.values()):
        if not function.is_vf or "nvidia" not in function.files:
            continue
        path = f"{function.path}/nvidia/creatable_vgpu_types"
        try:
            text = ctx.tree.read(path)
        except errors.ReadError:
            # One that says nothing; another may.
            continue
        found = parse_creatable(text).get(number)
        if found is not None:
            return path, found
    return CONFIG, None


# Most VFs of a board have the same list.
@functools.lru_cache(maxsize=256)
def parse_creatable(text: str) -> Mapping[int, str]:
    """Read ``creatable_vgpu_types``: lines of number, ``:`` and name.

    With or without a header; what is no such line is nobody's business.
    """
    matches = (_LINE.fullmatch(line) for line in text.split("\n"))
    return {int(match[1]): match[2] for match in matches if match}
