# SPDX-License-Identifier: Apache-2.0
"""Guests that QEMU migrates inside the VM: QEMU's verdict, on top."""

from __future__ import annotations

import dataclasses
import pathlib

from kernel_lab import build
from kernel_lab import campaign
from kernel_lab import errors
from kernel_lab import hosts
from kernel_lab import output
from kernel_lab import predict


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """One migration, and what the package had said."""

    source: str
    destination: str
    completed: bool
    complaint: str
    package: predict.Prediction


def run(lab: campaign.Campaign) -> list[Migration]:
    """Migrate guests between the devices of one host."""
    packed = lab.folder / "qemu.cpio.gz"
    build.pack_qemu(lab.cache, packed)
    lines = "".join(
        f"{source} {target}\n" for source, target in hosts.MIGRATIONS)
    out = lab.boot(
        hosts.QEMU, "qemu", {"lab/migrations": lines.encode()}, packed)
    packed.unlink()
    return _read(out)


def _read(out: pathlib.Path) -> list[Migration]:
    package = predict.Package(out / "tree")
    devices = dict(
        line.split()[:2]
        for line in (out / "devices").read_text().splitlines())
    found = []
    for line in (out / "migrated").read_text().splitlines():
        source, target, word, complaint = line.split("\t")
        if word not in ("completed", "failed", "gone"):
            raise errors.LabError(f"{source} -> {target}: {word!r}")
        found.append(Migration(
            source, target, word == "completed",
            complaint.strip("|").replace("|", " ... "),
            predict.predict(
                package.classes(devices[source]),
                package.classes(devices[target]))))
    return found


def report(lab: campaign.Campaign, found: list[Migration]) -> list[str]:
    """Print the migrations; return what was wrong."""
    lab.say("\nmigrations by QEMU inside the VM")
    lab.say(output.table(
        ("source", "destination", "package", "because of", "QEMU"),
        [(one.source, one.destination, one.package.word,
          ", ".join(one.package.codes),
          "completed" if one.completed else one.complaint)
         for one in found]))
    wrong = [
        f"{one.source} -> {one.destination}: the package said yes, and QEMU:"
        f" {one.complaint}"
        for one in found
        if one.package.word == "compatible" and not one.completed]
    if not any(one.completed for one in found):
        wrong.append("QEMU completed no migration")
    return wrong
