# SPDX-License-Identifier: Apache-2.0

"""Finding the sources that are installed."""

from __future__ import annotations

import dataclasses
import functools

from stevedore import extension

from nova_vfio_compat.compat import codes
from nova_vfio_compat.host import device
from nova_vfio_compat.host.sources import base

NAMESPACE = "nova_vfio_compat.sources"


@dataclasses.dataclass(frozen=True, slots=True)
class NamedSource:
    """A source and the name of its entry point."""

    name: str
    source: base.Source


@functools.cache
def load(
    namespace: str = NAMESPACE,
) -> tuple[tuple[NamedSource, ...], tuple[device.Problem, ...]]:
    """Return the sources, those with the strongest evidence first.

    Generic ones come last of all. One that cannot be loaded is a problem
    and nothing more: a host is worth reading without it. Looked for once
    in a process.
    """
    problems = []

    def failed(
        _manager: object, entry_point: object, error: BaseException
    ) -> None:
        name = getattr(entry_point, "name", str(entry_point))
        problems.append(problem(name, f"cannot be loaded: {error!r}"))

    manager = extension.ExtensionManager[base.Source](
        namespace,
        invoke_on_load=True,
        on_load_failure_callback=failed,
    )
    found = []
    for item in manager:
        if isinstance(item.obj, base.Source):
            found.append(NamedSource(item.name, item.obj))
        else:
            problems.append(
                problem(item.name, f"{item.plugin!r} is no Source")
            )
    return ranked(found), tuple(problems)


def ranked(sources: list[NamedSource]) -> tuple[NamedSource, ...]:
    """Return the sources in the order in which they are asked."""
    return tuple(
        sorted(
            sources,
            key=lambda item: (
                item.source.generic,
                -item.source.evidence.strength,
                item.name,
            ),
        )
    )


def problem(name: str, detail: str) -> device.Problem:
    """Return what is wrong with a source, as a problem of the host."""
    return device.Problem(
        f"source {name}", codes.Code.NO_SOURCE, detail
    )
