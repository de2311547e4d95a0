# SPDX-License-Identifier: Apache-2.0
"""The virtual machine: one boot is one host."""

from __future__ import annotations

import dataclasses
import io
import pathlib
import subprocess
import tarfile
import time

from kernel_lab import build
from kernel_lab import cpio
from kernel_lab import errors
from kernel_lab import places
from kernel_lab import programs

_TIMEOUT = 600
_TAIL = 15


@dataclasses.dataclass(frozen=True, slots=True)
class Hardware:
    """What of the machine differs between hosts."""

    nvme: tuple[str, ...]
    megabytes: int = 512


def _nvme(hardware: Hardware) -> list[str]:
    """Every controller has a port and a subsystem of its own."""
    found = []
    for index, options in enumerate(hardware.nvme, 1):
        found += [
            "-device", f"pcie-root-port,id=rp{index},slot={index},"
            f"chassis={index}",
            "-device", f"nvme-subsys,id=subsystem{index}",
            "-device", f"nvme,serial=lab{index},bus=rp{index},"
            f"subsys=subsystem{index},{options}",
        ]
    return found


def _command(
    cache: places.Cache, built: build.Build, hardware: Hardware,
    folder: pathlib.Path,
) -> list[str]:
    share = cache.system / "usr" / "share"
    # Interrupt remapping and ACS, so that each VF has a group of its own.
    return [
        *programs.command(cache.system, "usr/bin/qemu-system-x86_64"),
        "-L", str(share / "seabios"), "-L", str(share / "qemu"),
        "-M", "q35,kernel-irqchip=split", "-accel", "tcg",
        "-m", str(hardware.megabytes),
        "-display", "none", "-vga", "none", "-net", "none",
        "-monitor", "none", "-no-reboot",
        "-serial", f"file:{folder / 'console'}",
        "-serial", f"file:{folder / 'out.tar.gz'}",
        "-device", "intel-iommu,intremap=on",
        *_nvme(hardware),
        "-device", "pcie-root-port,id=last,slot=0,chassis=0",
        "-device", "igb,bus=last,romfile=",
        "-kernel", str(built.vmlinuz),
        "-initrd", str(folder / "initrd"),
        # A busy machine is no broken timer.
        "-append", "console=ttyS0 intel_iommu=on no_timer_check quiet"
        " panic=-1",
    ]


def boot(
    cache: places.Cache, built: build.Build, hardware: Hardware,
    files: dict[str, bytes], folder: pathlib.Path,
    more: pathlib.Path | None = None,
) -> float:
    """Boot a host with these files added; unpack what it sends out.

    :param files: name in the VM to content
    :param more: another archive for the VM
    :param folder: for everything of this boot; what came out is in ``out``
    :returns: seconds
    :raises LabError: the host did not come to an end, or had trouble
    """
    folder.mkdir(parents=True)
    archive = cpio.Archive()
    for name, content in files.items():
        archive.content(name, content)
    archive.write(folder / "lab.cpio.gz")
    (folder / "initrd").write_bytes(
        built.initramfs.read_bytes()
        + (folder / "lab.cpio.gz").read_bytes()
        + (b"" if more is None else more.read_bytes()))
    start = time.monotonic()
    try:
        subprocess.run(
            _command(cache, built, hardware, folder), timeout=_TIMEOUT,
            check=True, stdin=subprocess.DEVNULL, capture_output=True,
            text=True)
    except subprocess.TimeoutExpired:
        raise errors.LabError(_console(
            folder, f"the VM did not finish in {_TIMEOUT} s")) from None
    except subprocess.CalledProcessError as error:
        raise errors.LabError(f"QEMU: {error.stderr}") from None
    (folder / "initrd").unlink()
    _unpack(folder)
    return time.monotonic() - start


def _unpack(folder: pathlib.Path) -> None:
    data = (folder / "out.tar.gz").read_bytes()
    out = folder / "out"
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            # The links of a host's tree lead where they led there.
            archive.extractall(out, filter="fully_trusted")  # noqa: S202
    except (tarfile.TarError, EOFError, OSError) as error:
        raise errors.LabError(_console(
            folder, f"the VM's files cannot be read: {error}")) from None
    for name in ("trouble", "stderr", "oops"):
        path = out / name
        if path.exists() and path.read_text().strip():
            raise errors.LabError(_console(
                folder, f"in the VM ({name}): {path.read_text().strip()}"))


def _console(folder: pathlib.Path, what: str) -> str:
    lines = (folder / "console").read_text(errors="replace").splitlines()
    return "\n".join([what, "end of the console:", *lines[-_TAIL:]])
