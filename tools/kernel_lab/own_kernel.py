# SPDX-License-Identifier: Apache-2.0
"""A small kernel of our own, from Debian's source package.

It has what Debian's lacks and QEMU's defaults want: IOMMUFD, and VFIO's
character devices. tests/kernel/own-kernel.config says what is on.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shlex
import shutil
import time

from kernel_lab import build
from kernel_lab import commands
from kernel_lab import errors
from kernel_lab import packages
from kernel_lab import places
from kernel_lab import programs

_CONFIG = places.SOURCES / "own-kernel.config"
_TOOLS = ("bison", "flex", "m4")


def prepare(cache: places.Cache) -> build.Kernel:
    """Build what the configuration has changed since the last time."""
    programs.check_own()
    packages.prepare_source(cache)
    digest = hashlib.sha256(_CONFIG.read_bytes())
    digest.update((cache.source / "Makefile").read_bytes())
    folder = cache.own / digest.hexdigest()[:16]
    stamp = folder / "done"
    if not stamp.exists():
        _build(cache, folder)
        stamp.touch()
    release = (folder / "include/config/kernel.release").read_text().strip()
    return build.Kernel(
        release, folder / "arch/x86/boot/bzImage", folder,
        folder / "installed")


def _build(cache: places.Cache, folder: pathlib.Path) -> None:
    """Configure and compile; of the old kernels none is kept."""
    print("building a kernel, some six minutes ...", flush=True)
    start = time.monotonic()
    shutil.rmtree(cache.own, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = _environment(cache, folder)
    make: list[str | pathlib.Path] = [
        "nice", "make", "-s", "-C", cache.source, f"O={folder}",
        "ARCH=x86_64", f"-j{os.cpu_count() or 1}"]

    def run(*arguments: str) -> None:
        commands.run([*make, *arguments], "building a kernel", environment)

    run(f"KCONFIG_ALLCONFIG={_CONFIG}", "allnoconfig")
    _compare(folder / ".config")
    run("bzImage", "modules")
    # depmod comes later, when all modules are there.
    run(f"INSTALL_MOD_PATH={folder / 'installed'}", "DEPMOD=true",
        "modules_install")
    print(f"  {time.monotonic() - start:.0f} s", flush=True)


def _compare(config: pathlib.Path) -> None:
    """Configuration drops silently what cannot be."""
    lines = set(config.read_text().splitlines())
    dropped = [
        line for line in _CONFIG.read_text().splitlines()
        if line.startswith("CONFIG_") and line not in lines]
    if dropped:
        raise errors.LabError(
            f"this kernel cannot have {', '.join(dropped)}")


def _environment(
    cache: places.Cache, folder: pathlib.Path
) -> dict[str, str]:
    """Let the unpacked tools be found, and let them find their files."""
    usr = cache.tools / "usr"
    libraries = usr / "lib" / "x86_64-linux-gnu"
    scripts = folder / "programs"
    scripts.mkdir()
    for name in _TOOLS:
        script = scripts / name
        script.write_text(
            f"#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(str(libraries))}"
            f' exec {shlex.quote(str(usr / "bin" / name))} "$@"\n')
        script.chmod(0o755)
    return {
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "M4": str(scripts / "m4"),
        "BISON_PKGDATADIR": str(usr / "share" / "bison"),
        # objtool, a part of the kernel's build, reads ELF files.
        "C_INCLUDE_PATH": str(usr / "include"),
        "LIBRARY_PATH": str(libraries),
    }
