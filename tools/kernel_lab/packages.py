# SPDX-License-Identifier: Apache-2.0
"""Debian's packages, fetched by a private apt and unpacked, not installed.

The machine's own apt configuration and its installed packages do not
matter, and are not touched.
"""

from __future__ import annotations

import pathlib
import re
import shutil

from kernel_lab import commands
from kernel_lab import errors
from kernel_lab import places

_MIRROR = "http://deb.debian.org/debian"
_SUITE = "bookworm"
_BACKPORTS = "bookworm-backports"
#: what runs here, with all of its libraries, and what is packed for the VM
_SYSTEM = ("qemu-system-x86", "busybox-static", "kmod")
#: what the kernel's own build wants besides; they need no more than libc
_TOOLS = ("bison", "flex", "m4", "libsigsegv2", "libelf-dev", "libelf1")
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Apt:
    """apt with its own folders; nothing counts as installed."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.archives = folder / "archives"
        self._lists = folder / "lists"
        self._conf = folder / "apt.conf"
        for path in (self.archives, self._lists):
            (path / "partial").mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("".join(
            f"deb [signed-by={_KEYS}] {_MIRROR} {suite} main\n"
            for suite in (_SUITE, _BACKPORTS)))
        self._conf.write_text("".join(
            f'{name} "{value}";\n' for name, value in {
                "Dir::Etc::SourceList": folder / "sources.list",
                "Dir::Etc::SourceParts": "-",
                "Dir::State::Lists": self._lists,
                "Dir::State::Status": folder / "status",
                "Dir::Cache": folder,
                "Dir::Cache::Archives": self.archives,
                "APT::Architecture": "amd64",
                "APT::Install-Recommends": "false",
                "APT::Sandbox::User": "",
                "Debug::NoLocking": "1",
            }.items()))

    def _run(self, *arguments: str) -> str:
        return commands.run(
            arguments, "fetching packages",
            {"APT_CONFIG": str(self._conf), "LC_ALL": "C"}, self.archives)

    def update(self) -> None:
        """Fetch the lists."""
        self._run("apt-get", "-q", "update")

    def kernel_release(self) -> str:
        """The release of the newest kernel that the backports have."""
        shown = self._run(
            "apt-cache", "show", f"linux-image-amd64/{_BACKPORTS}")
        found = re.search(r"^Depends: linux-image-(\S+)", shown, re.M)
        if found is None:
            raise errors.LabError("no linux-image-amd64 in the backports")
        return found[1]

    def fetch_closure(self, *names: str) -> None:
        """Fetch packages with all that they depend on."""
        self._run(
            "apt-get", "-q", "-y", "--download-only", "-t", _BACKPORTS,
            "install", *names)

    def fetch(self, *names: str) -> None:
        """Fetch packages alone."""
        self._run("apt-get", "-q", "download", *names)


def _unpack(
    archives: list[pathlib.Path], folder: pathlib.Path
) -> None:
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for archive in archives:
        commands.run(["dpkg-deb", "-x", archive, new], "unpacking")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _unpack_tar(
    archive: pathlib.Path, folder: pathlib.Path, strip: int, what: str
) -> None:
    """Take files out of the kernel's source, an archive in a package.

    :param strip: how many of the folders above the files are left out
    """
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    commands.run([
        "bash", "-o", "pipefail", "-c",
        'dpkg-deb --fsys-tarfile "$0" |'
        " tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |"
        ' tar -xJ -C "$1" --strip-components="$2" --wildcards "$3"',
        archive, new, str(strip), what], "unpacking the kernel's source")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def prepare(cache: places.Cache) -> str:
    """Fetch and unpack everything, once.

    :returns: the kernel's release, as ``uname -r`` in the VM
    """
    stamp = cache.top / "release"
    if stamp.exists():
        return stamp.read_text().strip()
    print("fetching some 310 MB of Debian packages ...", flush=True)
    apt = Apt(cache.apt)
    apt.update()
    release = apt.kernel_release()
    version = release.removesuffix("-amd64")
    apt.fetch_closure(*_SYSTEM)
    _unpack(sorted(apt.archives.glob("*.deb")), cache.system)
    kernel = (
        f"linux-image-{release}", f"linux-headers-{release}",
        f"linux-headers-{version}-common", f"linux-kbuild-{version}")
    source = f"linux-source-{'.'.join(release.split('.')[:2])}"
    apt.fetch(*kernel, f"{source}/{_BACKPORTS}")
    _unpack(
        [path for name in kernel for path in apt.archives.glob(f"{name}_*")],
        cache.kernel)
    _unpack_tar(
        next(apt.archives.glob(f"{source}_*")), cache.samples, 3,
        "linux-source-*/samples/vfio-mdev/*")
    shutil.rmtree(cache.apt)
    _relocate(cache.kernel, release)
    stamp.write_text(f"{release}\n")
    return release


def prepare_source(cache: places.Cache) -> None:
    """Fetch and unpack the kernel's source, and what configures it, once."""
    if cache.source.exists() and cache.tools.exists():
        return
    print("fetching some 150 MB of Debian packages ...", flush=True)
    release = (cache.top / "release").read_text()
    source = f"linux-source-{'.'.join(release.split('.')[:2])}"
    apt = Apt(cache.apt)
    apt.update()
    apt.fetch(*_TOOLS, f"{source}/{_BACKPORTS}")
    _unpack(
        [path for name in _TOOLS for path in apt.archives.glob(f"{name}_*")],
        cache.tools)
    _unpack_tar(
        next(apt.archives.glob(f"{source}_*")), cache.source, 1,
        "linux-source-*")
    shutil.rmtree(cache.apt)


def _relocate(kernel: pathlib.Path, release: str) -> None:
    """Let the headers be used from where they were unpacked."""
    headers = kernel / "usr" / "src" / f"linux-headers-{release}"
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace(
        "/usr/src/", f"{kernel}/usr/src/"))
    # With it kbuild would want pahole, for type information of no use here.
    (headers / "vmlinux").unlink(missing_ok=True)
