# SPDX-License-Identifier: Apache-2.0
"""Run programs of the unpacked packages, with their own libraries."""

from __future__ import annotations

import os
import pathlib
import platform
import shutil

from kernel_lab import commands
from kernel_lab import errors
from kernel_lab import places

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_TOOLS = {
    "apt-get": "apt", "dpkg-deb": "dpkg", "gcc": "gcc", "make": "make",
    "tar": "tar", "xz": "xz-utils",
    # The compiler that Debian built this kernel with; its headers name it.
    "x86_64-linux-gnu-gcc-12": "gcc-12",
}
# For the static program, and for the kernel's build.
_FILES = {"libc.a": "libc6-dev", "libelf.so.1": "libelf1"}
_LIBRARIES = (
    "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu",
)


def check() -> None:
    """Make sure that the laboratory can run on this machine.

    :raises CannotRun: it cannot; the text names everything that is missing
    """
    missing = []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        missing.append("a Linux machine with an x86-64 processor")
    missing += [
        f"{tool} (package {package})" for tool, package in _TOOLS.items()
        if shutil.which(tool) is None]
    if not os.path.exists(_KEYS):
        missing.append(f"{_KEYS} (package debian-archive-keyring)")
    missing += [
        f"{library} (package {package})"
        for library, package in _FILES.items()
        if not os.path.exists(f"/usr/lib/x86_64-linux-gnu/{library}")]
    if missing:
        raise errors.CannotRun("\n".join([
            "The laboratory cannot run here. Missing:",
            *(f"  - {item}" for item in missing)]))


def check_own() -> None:
    """Make sure that a kernel can be built here.

    :raises CannotRun: it cannot; the text names everything that is missing
    """
    missing = [tool for tool in ("bc", "perl") if shutil.which(tool) is None]
    if missing:
        raise errors.CannotRun(
            "A kernel cannot be built here. Missing packages:"
            f" {', '.join(missing)}")


def command(
    system: pathlib.Path, program: str, name: str | None = None
) -> list[str]:
    """How to start a program of the unpacked packages.

    :param name: what the program shall think that it is called
    """
    libraries = ":".join(str(system / path) for path in _LIBRARIES)
    loader = system / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    called = ["--argv0", name] if name else []
    return [
        str(loader), "--library-path", libraries, *called,
        str(system / program)]


def libraries(
    cache: places.Cache, program: pathlib.Path
) -> list[pathlib.Path]:
    """The libraries of an unpacked program, the loader among them."""
    start = command(cache.system, "")
    listed = commands.run(
        [*start[:-1], "--list", program], f"libraries of {program.name}")
    # "libc.so.6 => /where/it/is (0x...)", and the loader without an arrow.
    found = {
        pathlib.Path(word) for word in listed.split()
        if word.startswith(str(cache.system))}
    return sorted({*found, pathlib.Path(start[0])})


def depmod(cache: places.Cache, base: pathlib.Path, release: str) -> None:
    """Write modules.dep, modules.alias ... of the modules below ``base``."""
    commands.run(
        [*command(cache.system, "bin/kmod", "depmod"), "-b", base, release],
        "depmod")
