# SPDX-License-Identifier: Apache-2.0
"""What the package says of the trees that the boots recorded."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from kernel_lab import errors
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import render
from nova_vfio_compat.host import device
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree

Outcome = codes.Outcome
#: where the classes of one destination get different verdicts
MIXED = "mixed"


@dataclasses.dataclass(frozen=True, slots=True)
class Prediction:
    """The package's word, with its reasons.

    :ivar attributes: those that do not match
    """

    word: str
    codes: tuple[str, ...]
    attributes: tuple[str, ...]
    reasons: str


class Package:
    """The package, looking at one recorded tree."""

    def __init__(self, root: pathlib.Path) -> None:
        found = scan.scan(tree.HostTree(root))
        self.problems = found.problems
        self.devices = found.devices

    def ids(self) -> dict[str, str]:
        """The class of every device that is there, by its name."""
        return {
            item.name: item.classes[0].id for item in self.devices
            if item.kind != device.MDEV_TYPE and item.classes}

    def classes(self, path: str) -> tuple[device_class.DeviceClass, ...]:
        """The classes of the device of this directory in sysfs."""
        name = path.rpartition("/")[2]
        wanted = "".join(c if c.isalnum() else "_" for c in name)
        for item in self.devices:
            if item.kind == device.MDEV:
                matches = item.name.startswith(f"mdev_{wanted}_")
            else:
                matches = item.name == f"pci_{wanted}"
            if matches:
                return item.classes
        raise errors.LabError(f"the package does not list {path}")

    def type_classes(
        self, parent: str, type_: str
    ) -> tuple[device_class.DeviceClass, ...]:
        """The classes of an mdev that is yet to be made."""
        for item in self.devices:
            if item.kind == device.MDEV_TYPE and item.type == type_:
                return item.classes
        raise errors.LabError(
            f"the package does not list type {type_} of {parent}")


def predict(
    source: Sequence[device_class.DeviceClass],
    destination: Sequence[device_class.DeviceClass],
) -> Prediction:
    """Judge every pair of classes; it is a yes only if each of them is."""
    found = [
        acceptance.judge(one, other)
        for one in source for other in destination]
    if not found:
        raise errors.LabError("a device without any class")
    words = {item.outcome.value for item in found}
    return Prediction(
        words.pop() if len(words) == 1 else MIXED,
        tuple(sorted({
            code.value for item in found for code in item.all_codes})),
        tuple(sorted({
            one.attribute for item in found for one in item.mismatches})),
        " | ".join(sorted({render.verdict_text(item) for item in found})))
