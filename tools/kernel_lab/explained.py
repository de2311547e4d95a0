# SPDX-License-Identifier: Apache-2.0
"""Why the package may say no where a kernel says yes: every known reason.

A no without one of these is as wrong as it looks.
"""

from __future__ import annotations

from kernel_lab import matrix
from kernel_lab import predict

_EXPOSED = (
    "exposed_differs: the driver loads the state, but QEMU compares what the"
    " guest sees of a PCI function, or (BARs) should."
)
_FRESH = (
    "-fresh: an mdev that is yet to be made has, for the package, the classes"
    " of those of its type that are there, and an unknown one (no_state)"
    " where one of their attributes can be set on each mdev."
)


_BARS = (
    "exposed_differs: QEMU does not compare the sizes of BARs: it completes"
    " the migration, and the guest goes on with the size that it knew."
)


def bar_reasons(package: predict.Prediction) -> list[str]:
    """The reason not to do what QEMU completes; BARs are the only one."""
    if set(package.codes) == {"exposed_differs"} and all(
        name.startswith("exposed:bar") for name in package.attributes
    ):
        return [_BARS]
    return []


def reasons(pair: matrix.Pair) -> list[str]:
    """The reasons that hold for this pair."""
    found = []
    if set(pair.package.codes) == {"exposed_differs"}:
        found.append(_EXPOSED)
    if pair.destination.endswith("-fresh"):
        found.append(_FRESH)
    return found
