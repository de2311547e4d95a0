# SPDX-License-Identifier: Apache-2.0
"""Guests that QEMU migrates inside the VM: QEMU's verdict, on top."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from kernel_lab import build
from kernel_lab import campaign
from kernel_lab import errors
from kernel_lab import hosts
from kernel_lab import output
from kernel_lab import predict


@dataclasses.dataclass(frozen=True, slots=True)
class Phase:
    """Our driver is loaded anew, and then come these migrations.

    :ivar lab: the parameters of the module
    :ivar pairs: the sources were saved before
    """

    name: str
    lab: str
    pairs: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """One migration, and what the package had said."""

    phase: str
    source: str
    destination: str
    completed: bool
    complaint: str
    package: predict.Prediction

    @property
    def outcome(self) -> str:
        """How it ended, in QEMU's words."""
        return "completed" if self.completed else self.complaint

    @property
    def target(self) -> str:
        """The destination, with the phase if it is a later one."""
        return self.destination + (self.phase and f" ({self.phase})")


def _list(pairs: Sequence[tuple[str, str]]) -> bytes:
    return "".join(f"{one} {other}\n" for one, other in pairs).encode()


def run(
    lab: campaign.Campaign, host: hosts.Host,
    pairs: Sequence[tuple[str, str]], later: Sequence[Phase] = (),
) -> tuple[pathlib.Path, list[Migration]]:
    """Migrate guests between the devices of one host.

    :returns: what the VM wrote, and the migrations
    """
    lab.folder.mkdir(parents=True, exist_ok=True)
    packed = lab.folder / "qemu.cpio.gz"
    build.pack_qemu(lab.cache, packed)
    files = {"lab/migrations": _list(pairs)}
    for phase in later:
        files[f"lab/migrations-{phase.name}"] = _list(phase.pairs)
    files["lab/phases"] = "".join(
        f"{phase.name} {phase.lab}\n" for phase in later).encode()
    out = lab.boot(host, "qemu", files, packed)
    packed.unlink()
    found = _read(out, "")
    for phase in later:
        found += _read(out, phase.name)
    return out, found


def _read(out: pathlib.Path, phase: str) -> list[Migration]:
    suffix = phase and f"-{phase}"
    sources = predict.Package(out / "tree")
    destinations = predict.Package(out / f"tree{suffix}")
    devices = dict(
        line.split()[:2]
        for line in (out / "devices").read_text().splitlines())
    found = []
    for line in (out / f"migrations{suffix}").read_text().splitlines():
        source, target, word, complaint = line.split("\t")
        if word not in ("completed", "failed", "gone"):
            raise errors.LabError(f"{source} -> {target}: {word!r}")
        found.append(Migration(
            phase, source, target, word == "completed",
            complaint.strip("|").replace("|", " ... "),
            predict.predict(
                sources.classes(devices[source]),
                destinations.classes(devices[target]))))
    return found


def report(lab: campaign.Campaign, found: list[Migration]) -> list[str]:
    """Print the migrations; return what was wrong."""
    lab.say("\nmigrations by QEMU inside the VM")
    lab.say(output.table(
        ("source", "destination", "package", "because of", "QEMU"),
        [(one.source, one.destination, one.package.word,
          ", ".join(one.package.codes), one.outcome)
         for one in found]))
    wrong = [
        f"{one.source} -> {one.destination}: the package said yes, and QEMU:"
        f" {one.complaint}"
        for one in found
        if one.package.word == "compatible" and not one.completed]
    if not any(one.completed for one in found):
        wrong.append("QEMU completed no migration")
    return wrong
