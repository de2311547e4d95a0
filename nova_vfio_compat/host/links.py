# SPDX-License-Identifier: Apache-2.0

"""Following links inside a tree, as if its root were the root of all."""

from __future__ import annotations

from collections.abc import Callable

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import errors

_MAX_LINKS = 40


def resolve(
    path: str,
    readlink: Callable[[str], str | None],
) -> str:
    """Return a path, below the root, without any link in it.

    :param readlink: the target, seen from the root, of a path that has no
        links in its directory; None if it is no link
    :raises ReadError: a link leads out of the tree, or round in circles
    """
    todo = path.split("/")[::-1]
    done: list[str] = []
    followed = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not done:
                raise errors.ReadError(
                    path, codes.Code.MALFORMED, "leads out of the tree"
                )
            done.pop()
            continue
        target = readlink("/".join((*done, part)))
        if target is None:
            done.append(part)
            continue
        followed += 1
        if followed > _MAX_LINKS:
            raise errors.ReadError(
                path, codes.Code.UNREADABLE, "goes through too many links"
            )
        if target.startswith("/"):
            done = []
        todo.extend(target.split("/")[::-1])
    return "/".join(done)


def below_root(target: str, roots: tuple[str, ...]) -> str:
    """Return a link's target, seen from the root.

    Who makes a tree with a script often writes links that have the root in
    them.

    :param roots: the absolute names of the root
    """
    for root in roots:
        if root != "/" and f"{target}/".startswith(f"{root}/"):
            return target[len(root):]
    return target
