# SPDX-License-Identifier: Apache-2.0

"""Facts of the running kernel that are in no file, such as devlink's."""

from __future__ import annotations

from collections.abc import Callable
import logging
import os

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors

LOG = logging.getLogger(__name__)

#: Given the name of a thing, what the kernel says of it as text, None if
#: there is no such thing; may raise ReadError.
Provider = Callable[[str], str | None]


def _devlink(name: str) -> str | None:
    # Needs a package for netlink, which a host without such devices or a
    # snapshot never does.
    from nova_vfio_compat.host import devlink

    return devlink.ask(name)


#: by kind of fact
PROVIDERS: dict[str, Provider] = {"devlink": _devlink}


def ask(path: str, kind: str, name: str) -> bytes:
    """Return what the running kernel says.

    :param path: how errors should call it
    :raises Missing: it knows nothing of that kind or name
    :raises ReadError: it cannot be asked
    """
    provider = PROVIDERS.get(kind)
    try:
        text = None if provider is None else provider(name)
    except errors.Missing as error:
        raise errors.Missing(path, error.detail) from None
    except errors.ReadError as error:
        # Said of the same path by every host and snapshot.
        raise errors.ReadError(
            path, error.code, error.detail, error.brief
        ) from None
    except Exception as error:
        LOG.debug("%s of %s cannot be asked", kind, name, exc_info=error)
        raise errors.ReadError(
            path, codes.Code.UNREADABLE, f"cannot be asked: {error}"
        ) from None
    if text is None:
        raise errors.Missing(path)
    return text.encode("utf-8", "surrogatepass")


def is_running_kernel(root: str) -> bool:
    """Whether the files below ``root`` are those of the running kernel.

    They are as well where a container has the host mounted.
    """
    if root == "/":
        return True
    try:
        device = os.lstat(os.path.join(root, "sys")).st_dev
        with open("/proc/self/mountinfo", "rb") as mounts:
            lines = mounts.read().splitlines()
    except OSError:
        return False
    wanted = f"{os.major(device)}:{os.minor(device)}".encode()
    for line in lines:
        # Documentation/filesystems/proc.rst, 3.5
        fields, _, rest = line.partition(b" - ")
        if fields.split()[2:3] == [wanted]:
            return rest.split()[:1] == [b"sysfs"]
    return False
