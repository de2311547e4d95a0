# SPDX-License-Identifier: Apache-2.0
"""Compile the modules and the program, and pack the VM's files."""

from __future__ import annotations

import dataclasses
import hashlib
import lzma
import pathlib
import shutil
import time

from kernel_lab import commands
from kernel_lab import cpio
from kernel_lab import places
from kernel_lab import programs

#: Debian's modules that the VM loads; the rest follows by modules.dep
_WANTED = (
    "vfio_iommu_type1", "vfio-pci", "mdev", "nvme", "igb", "igbvf",
)
#: seconds
_KEEP = 24 * 3600
#: The sample as a later driver could be: another stream, and it says so.
_NEWER_MTTY = (
    ("#define MTTY_MINOR_VER 0", "#define MTTY_MINOR_VER 1"),
    ('#define VERSION_STRING  "0.1"', '#define VERSION_STRING  "0.2"'),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that there is.

    :ivar headers: where modules for it are built
    :ivar modules: what has ``lib/modules`` with its own
    """

    release: str
    vmlinuz: pathlib.Path
    headers: pathlib.Path
    modules: pathlib.Path


def debian(cache: places.Cache, release: str) -> Kernel:
    """Debian's kernel, as it was unpacked."""
    return Kernel(
        release, cache.kernel / "boot" / f"vmlinuz-{release}",
        cache.kernel / "usr" / "src" / f"linux-headers-{release}",
        cache.kernel)


@dataclasses.dataclass(frozen=True, slots=True)
class Build:
    """What a VM boots."""

    release: str
    vmlinuz: pathlib.Path
    initramfs: pathlib.Path


def _digest(kernel: Kernel) -> str:
    digest = hashlib.sha256(f"{kernel.release} {kernel.headers}".encode())
    for path in sorted(places.SOURCES.rglob("*")):
        if path.is_file() and "recorded" not in path.parts:
            digest.update(path.read_bytes())
    for name in ("build.py", "cpio.py"):
        digest.update((pathlib.Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


def prepare(cache: places.Cache, kernel: Kernel) -> Build:
    """Build what the sources have changed since the last time."""
    folder = cache.builds / _digest(kernel)
    result = Build(
        kernel.release, kernel.vmlinuz, folder / "initramfs.gz")
    if result.initramfs.exists():
        return result
    print("building modules and initramfs ...", flush=True)
    _forget(cache.builds)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _compile_modules(cache, kernel, folder)
    _compile_program(folder)
    _pack(cache, kernel, folder, result.initramfs)
    return result


def _forget(builds: pathlib.Path) -> None:
    """Remove old builds; a new one may be in use by another run."""
    for path in builds.glob("*"):
        if time.time() - path.stat().st_mtime > _KEEP:
            shutil.rmtree(path, ignore_errors=True)


def pack_qemu(cache: places.Cache, target: pathlib.Path) -> None:
    """Pack QEMU with its libraries, to run inside the VM."""
    archive = cpio.Archive()
    program = cache.system / "usr" / "bin" / "qemu-system-x86_64"
    archive.file("qemu/qemu-system-x86_64", program, 0o755)
    for path in programs.libraries(cache, program):
        archive.file(f"qemu/lib/{path.name}", path, 0o755)
    share = cache.system / "usr" / "share"
    for path in (share / "seabios/bios-256k.bin", share / "qemu/kvmvapic.bin"):
        archive.file(f"qemu/share/{path.name}", path)
    archive.write(target)


def _compile_modules(
    cache: places.Cache, kernel: Kernel, folder: pathlib.Path
) -> None:
    shutil.copytree(places.SOURCES / "module", folder / "lab")
    for name, changes in (("mtty", ()), ("mtty-newer", _NEWER_MTTY)):
        path = folder / name
        path.mkdir()
        text = (cache.samples / "mtty.c").read_text()
        for old, new in changes:
            if old not in text:
                raise AssertionError(f"mtty.c has no longer {old!r}")
            text = text.replace(old, new)
        (path / "mtty.c").write_text(text)
        (path / "Kbuild").write_text("obj-m := mtty.o\n")
    path = folder / "mdpy"
    path.mkdir()
    for name in ("mdpy.c", "mdpy-defs.h"):
        shutil.copy(cache.samples / name, path)
    (path / "Kbuild").write_text("obj-m := mdpy.o\n")
    for name in ("lab", "mtty", "mtty-newer", "mdpy"):
        commands.run(
            ["make", "-s", "-j2", "-C", kernel.headers, f"M={folder / name}",
             "modules"], f"building {name}")


def _compile_program(folder: pathlib.Path) -> None:
    commands.run(
        ["gcc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
         folder / "lab-uapi",
         *sorted((places.SOURCES / "uapi").glob("*.c"))],
        "building lab-uapi")


def _copy_modules(
    cache: places.Cache, kernel: Kernel, folder: pathlib.Path
) -> pathlib.Path:
    """A modules folder with what is needed, and depmod's files."""
    below = f"lib/modules/{kernel.release}"
    every = kernel.modules / below
    programs.depmod(cache, kernel.modules, kernel.release)
    needed: set[str] = set()
    dependencies = dict(
        line.split(":", 1)
        for line in (every / "modules.dep").read_text().splitlines())
    wanted = {
        path for path in dependencies
        for name in _WANTED
        if path.removesuffix(".xz").endswith(f"/{name}.ko")}
    for path in wanted:
        needed |= {path, *dependencies[path].split()}
    top = folder / "modules"
    mine = top / below
    for path in needed:
        target = mine / path.removesuffix(".xz")
        target.parent.mkdir(parents=True, exist_ok=True)
        data = (every / path).read_bytes()
        target.write_bytes(
            lzma.decompress(data) if path.endswith(".xz") else data)
    (mine / "extra").mkdir(parents=True)
    for name in ("lab/vfio_compat_lab.ko", "mdpy/mdpy.ko"):
        shutil.copy(folder / name, mine / "extra")
    for name in ("modules.order", "modules.builtin"):
        shutil.copy(every / name, mine)
    programs.depmod(cache, top, kernel.release)
    return mine


def _pack(
    cache: places.Cache, kernel: Kernel, folder: pathlib.Path,
    target: pathlib.Path,
) -> None:
    guest = places.SOURCES / "guest"
    archive = cpio.Archive()
    for name in ("bin", "dev", "proc", "sys", "tmp", "lab"):
        archive.directory(name)
    archive.file("bin/busybox", cache.system / "bin" / "busybox", 0o755)
    archive.file("bin/lab-uapi", folder / "lab-uapi", 0o755)
    archive.file("init", guest / "init", 0o755)
    for script in sorted(guest.glob("*.sh")):
        archive.file(f"lab/{script.name}", script)
    archive.file("lab/mtty.ko", folder / "mtty" / "mtty.ko")
    archive.file("lab/mtty-newer.ko", folder / "mtty-newer" / "mtty.ko")
    modules = _copy_modules(cache, kernel, folder)
    for path in sorted(modules.rglob("*")):
        if path.is_file() and path.suffix != ".bin":
            archive.file(
                f"lib/modules/{kernel.release}/{path.relative_to(modules)}",
                path)
    archive.write(target)
