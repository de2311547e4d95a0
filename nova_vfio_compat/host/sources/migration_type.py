# SPDX-License-Identifier: Apache-2.0

"""What the type of an mdev declares, in the proposal's last form.

Yan Zhao, 26 August and 9 September 2020
(https://lore.kernel.org/all/20200909053755.GA721@joy-OptiPlex-7040/), in the
directory of the type: ``device_api`` and ``software_version``; attributes
``compatible_<field>``; ``dynamic_resources``, which names what is set on each
mdev after it was made. The mail wants the destination's values of a field to
be a superset of the source's, and in the next sentence one value that is
equal; both are done. ``compatible_type`` is published and, says the mail, not
used yet: types must be equal.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import itertools

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import instance
from nova_vfio_compat.host import mdev
from nova_vfio_compat.host import tree as host_tree

_PREFIX = "compatible_"
_VERSION = "software_version"
_DYNAMIC = "dynamic_resources"

#: Values of a field of which every subset is listed; of more than these
#: only the whole is accepted.
_MAX_MEMBERS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """What mdevs of a type write and accept, and what is set on them."""

    state: dict[str, str]
    accepts: dict[str, str]
    settable: tuple[str, ...]


def declares(item: mdev.MdevType, tree: host_tree.HostTree) -> bool:
    """Whether a type has anything of this form.

    :raises ReadError: its directory cannot be listed
    """
    names = tree.listdir(item.path)
    return _VERSION in names or any(
        name.startswith(_PREFIX) for name in names
    )


def read(
    item: mdev.MdevType,
    tree: host_tree.HostTree,
    existing: mdev.Mdev | None,
) -> Declared:
    """Return what mdevs of a type declare.

    :param existing: the mdev in question; None: one that is made next,
        whose settings are not known
    :raises DescribeError: an attribute is missing or cannot be understood
    """
    raw = {
        "type": item.id,
        "device_api": tree.read(f"{item.path}/device_api"),
        _VERSION: tree.read(f"{item.path}/{_VERSION}"),
    }
    accepts = {}
    fields = _fields(item.path, tree.listdir(item.path))
    for number, (name, path) in enumerate(fields):
        members = _members(path, tree.read(path))
        _once(raw, name, path)
        raw[name] = ",".join(members)
        accepts[name] = _subsets(f"subset{number}", members)
    settable = _dynamic(item, tree)
    for name, path in _settings(existing, settable):
        _once(raw, name, path)
        raw[name] = accepts[name] = tree.read(path)
    try:
        return Declared(
            attributes.normalise_state(raw),
            attributes.normalise_templates(accepts),
            settable,
        )
    except compat_errors.ParseError as error:
        raise errors.malformed(item.path, error) from None


def _once(raw: dict[str, str], name: str, path: str) -> None:
    if name in raw:
        raise errors.DescribeError(
            path, codes.Code.MALFORMED, f"says {name} a second time"
        )


def _fields(folder: str, names: Iterable[str]) -> list[tuple[str, str]]:
    return [
        (name.removeprefix(_PREFIX), f"{folder}/{name}")
        for name in names
        if name.startswith(_PREFIX) and name != f"{_PREFIX}type"
    ]


def _members(path: str, text: str) -> list[str]:
    try:
        return attributes.joined_set(text.split(",")).split(",")
    except compat_errors.ParseError as error:
        raise errors.malformed(path, error) from None


def _subsets(variable: str, members: list[str]) -> str:
    """The template of all that is accepted where these are declared."""
    if not 1 < len(members) <= _MAX_MEMBERS:
        return ",".join(members)
    subsets = ",".join(
        f'"{",".join(subset)}"'
        for count in range(1, len(members) + 1)
        for subset in itertools.combinations(members, count)
    )
    return f"{{{variable}:string:{subsets}}}"


def _dynamic(
    item: mdev.MdevType, tree: host_tree.HostTree
) -> tuple[str, ...]:
    path = f"{item.path}/{_DYNAMIC}"
    text = tree.read_optional(path)
    if not text or not text.strip():
        return ()
    names = _members(path, text.strip().rstrip(",."))
    try:
        attributes.normalise_state(dict.fromkeys(names, "1"))
    except compat_errors.ParseError as error:
        raise errors.malformed(path, error) from None
    return tuple(names)


def _settings(
    existing: mdev.Mdev | None, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Where the settings of an mdev are."""
    if existing is None:
        return []
    found = instance.paths(existing, names)
    for name in names:
        if name not in found:
            raise errors.DescribeError(
                existing.path,
                codes.Code.MISSING_ATTRIBUTE,
                f"has no {name}, which {_DYNAMIC} of its type names",
            )
    return sorted(found.items())
