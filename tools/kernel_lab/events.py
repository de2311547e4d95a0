# SPDX-License-Identifier: Apache-2.0
"""The kernel's events: which come, in which order, and what a scan finds.

tests/kernel/guest/events.sh goes through the steps; after each one the host
was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from kernel_lab import predict
from nova_vfio_compat.host import device

_VF = "pci_0000_01_00_1"
_MDEV = "mdev_00000000_0000_4000_8000_00000000000a_compat_lab"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What must come of a step.

    :ivar events: ACTION and SUBSYSTEM, in this order among others
    :ivar found: device to what a scan says of it; None: it is not there
    """

    name: str
    events: tuple[str, ...]
    found: dict[str, str | None]


STEPS = (
    Step("vfs-made", ("add pci", "change pci", "add pci", "change pci",
                      "change pci"),
         {_VF: "- no_source", "pci_0000_01_00_2": "- no_source"}),
    Step("override", (), {_VF: "- no_source"}),
    Step("bound", ("add vfio-dev", "bind pci"),
         {_VF: "vfio_compat_lab 1.2.0 1"}),
    Step("unbound", ("remove vfio-dev", "unbind pci"), {_VF: "- no_source"}),
    Step("mdev-made", ("add mdev", "add vfio-dev", "bind mdev"),
         {_MDEV: "vfio_compat_lab 1.2.0 1"}),
    Step("attribute", (), {_MDEV: "vfio_compat_lab 1.2.0 4"}),
    Step("mdev-removed", ("remove vfio-dev", "unbind mdev", "remove mdev"),
         {_MDEV: None}),
    Step("module-removed", ("change compat_lab", "remove compat_lab",
                            "remove module"),
         {_VF: "- no_source", "compat_lab_compat_lab": None}),
    Step("module-loaded", ("change compat_lab", "bind pci", "add module"),
         {_VF: "vfio_compat_lab 1.7.0 1"}),
    Step("vfs-removed", ("unbind pci", "remove pci", "remove pci"),
         {_VF: None}),
)


def read(path: pathlib.Path) -> dict[str, list[str]]:
    """Read the events of each step: ACTION and SUBSYSTEM."""
    found: dict[str, list[str]] = {}
    now: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("step "):
            found[line.removeprefix("step ")] = now
            now = []
        elif line.startswith("ACTION="):
            fields = dict(
                item.split("=", 1) for item in line.split("\t"))
            now.append(f"{fields['ACTION']} {fields['SUBSYSTEM']}")
    return found


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    rest = iter(found)
    return all(item in rest for item in wanted)


def _fact(item: device.Device) -> str:
    one = item.classes[0]
    if one.state is None:
        what = one.reason.value if one.reason else ""
    else:
        what = " ".join(
            one.state.get(name, "-")
            for name in ("software_version", "aggregator"))
    return f"{item.bound or '-'} {what}"


def check(out: pathlib.Path) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Hold each step against what came.

    :returns: rows of step, events, what a scan found; and what was wrong
    """
    events = read(out / "uevents")
    rows, failures = [], []
    for step in STEPS:
        came = events.get(step.name, [])
        package = predict.Package(out / f"after-{step.name}")
        facts = {
            item.name: _fact(item)
            for item in package.devices if item.classes}
        found = {name: facts.get(name) for name in step.found}
        rows.append((
            step.name, ", ".join(_counted(came)) or "none",
            "; ".join(f"{name}: {fact or 'is gone'}"
                      for name, fact in found.items())))
        if not _in_order(step.events, came):
            failures.append(f"step {step.name}: events {came}")
        if bool(step.events) != bool(came):
            failures.append(f"step {step.name}: unexpected events {came}")
        if found != step.found:
            failures.append(f"step {step.name}: a scan finds {found}")
    return rows, failures


def _counted(events: Sequence[str]) -> list[str]:
    """Events in order, repeated ones once; those nobody needs left out."""
    skipped = ("wakeup", "drivers", "class")
    return list(dict.fromkeys(
        event for event in events if event.split()[1] not in skipped))
