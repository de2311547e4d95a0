# SPDX-License-Identifier: Apache-2.0
"""The long form: QEMU as it is by default, on a kernel with IOMMUFD.

One boot is one host with three NVMe controllers; our driver makes some of
their VFs look like those of other cards. A second and a third time it is
loaded with another version, as on a host that was upgraded.
"""

from __future__ import annotations

import dataclasses
import pathlib

from kernel_lab import build
from kernel_lab import campaign
from kernel_lab import errors
from kernel_lab import explained
from kernel_lab import hosts
from kernel_lab import inner
from kernel_lab import machine
from kernel_lab import output

_DRIVER = "vfio_compat_lab"
_PFS = ("0000:01:00.0", "0000:02:00.0", "0000:03:00.0")
_LOOKS = (
    "next_revision=0000:01:00.4 double_bar=0000:03:00.1"
    " more_vectors=0000:02:00.2 publish_vectors=1")

HOST = dataclasses.replace(
    hosts.QEMU, name="long", about="a kernel with IOMMUFD, three NVMe PFs",
    lab=f"types=small major=1 minor=2 {_LOOKS}",
    vfs=(
        hosts.Vf("nvme", _PFS[0], 0, _DRIVER),
        hosts.Vf("nvme-same", _PFS[0], 1, _DRIVER),
        hosts.Vf("nvme-aggregator", _PFS[0], 2, _DRIVER, 2),
        hosts.Vf("nvme-revision", _PFS[0], 3, _DRIVER),
        hosts.Vf("nvme-card", _PFS[1], 0, _DRIVER),
        # The last VF of its PF: the next one's room is its.
        hosts.Vf("nvme-bar", _PFS[2], 0, _DRIVER),
        hosts.Vf("nvme-vectors", _PFS[1], 1, _DRIVER)),
    # The rest is in this kernel.
    modules="mdev mdpy",
    hardware=machine.Hardware(
        (hosts.NVME_OPTIONS,) * len(_PFS), 1536))

#: whether QEMU completes it is known, and has to stay so
_FIRST = {
    ("mtty-1", "mtty-1b"): True,
    ("mtty-1", "mtty-2"): False,
    ("mtty-2", "mtty-1"): False,
    ("nvme", "nvme-same"): True,
    ("nvme", "nvme-card"): True,
    ("nvme", "nvme-aggregator"): False,
    ("nvme-aggregator", "nvme"): False,
    ("nvme", "nvme-vectors"): False,
    ("nvme-vectors", "nvme"): False,
    ("nvme", "nvme-revision"): False,
    ("nvme-revision", "nvme"): False,
    ("nvme", "nvme-bar"): True,
    ("nvme-bar", "nvme"): True,
}
#: to another version of the driver; the source is what it was at first
_LATER = (
    inner.Phase("1.3", f"types=small major=1 minor=3 {_LOOKS}",
                (("nvme", "nvme-same"),)),
    inner.Phase("1.1", f"types=small major=1 minor=1 {_LOOKS}",
                (("nvme", "nvme-same"),)),
    inner.Phase("2.2", f"types=small major=2 minor=2 {_LOOKS}",
                (("nvme", "nvme-same"),)),
)
_COMPLETES = {
    **{("", *pair): known for pair, known in _FIRST.items()},
    ("1.3", "nvme", "nvme-same"): True,
    ("1.1", "nvme", "nvme-same"): False,
    ("2.2", "nvme", "nvme-same"): False,
}


def run(lab: campaign.Campaign, kernel: build.Kernel) -> list[str]:
    """Migrate, compare and print; return what was wrong."""
    lab.say(f"\nkernel {kernel.release}, with IOMMUFD; QEMU's defaults, but"
            " for -object iommufd")
    out, found = inner.run(lab, HOST, tuple(_FIRST), _LATER)
    rows, wrong = [], []
    for one in found:
        note, problem = _judge(one)
        rows.append((
            one.source, one.target, one.package.word,
            ", ".join(one.package.codes), one.outcome, note))
        wrong += problem
    lab.say(output.table(
        ("source", "destination", "package", "because of", "QEMU", ""),
        rows))
    lab.say("\n".join(sorted({
        reason for one in found for reason in _reasons(one)})))
    return wrong + _states(lab, out)


def _reasons(one: inner.Migration) -> list[str]:
    """Why the package may say no to what QEMU completed."""
    if one.completed and one.package.word != "compatible":
        return explained.bar_reasons(one.package)
    return []


def _judge(one: inner.Migration) -> tuple[str, list[str]]:
    """What the table says of a migration, and what was wrong."""
    name = f"{one.source} -> {one.target}"
    key = (one.phase, one.source, one.destination)
    if one.completed != _COMPLETES[key]:
        return "UNEXPECTED", [f"{name}: QEMU: {one.outcome}"]
    yes = one.package.word == "compatible"
    if yes == one.completed:
        return "as predicted", []
    if yes:
        return "FALSE YES", [
            f"{name}: the package said yes, and QEMU: {one.outcome}"]
    if _reasons(one):
        return "explained", []
    return "FALSE NO", [
        f"{name}: QEMU completes it, and there is no reason to refuse:"
        f" {one.package.reasons}"]


def _states(lab: campaign.Campaign, out: pathlib.Path) -> list[str]:
    """The migration state that debugfs shows of every device."""
    path = out / "states"
    if not path.exists():
        raise errors.LabError("the VM wrote no states")
    found = dict(
        line.split(" ", 1) for line in path.read_text().splitlines())
    running = [name for name, state in found.items() if state == "RUNNING"]
    lab.say(f"debugfs vfio/<device>/migration/state: RUNNING of"
            f" {len(running)} devices")
    return [
        f"debugfs shows the state {found.get(name)} of {name}"
        for name in HOST.targets if name not in running]
