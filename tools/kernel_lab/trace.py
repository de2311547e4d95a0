# SPDX-License-Identifier: Apache-2.0
"""A scan under strace: what it opens, and that it changes nothing."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

from kernel_lab import errors
from kernel_lab import places

# Files that wake a device up, take its lock, or hand it out.
_BAIT = (
    "config", "vpd", "rom", "resource0", "reset", "sriov_numvfs",
    "sriov_vf_total_msix", "msi_bus", "remove", "rescan",
)
_CALL = re.compile(r"(open|openat|openat2|creat)\((?:AT_FDCWD|\d+)?,? ?"
                   r'"([^"]*)", ([A-Z_|0-9]+)')
_CHANGES = (
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,"
    "symlinkat,link,linkat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,"
    "mknod,mknodat,ioctl,socket,connect"
)


def available() -> bool:
    """Whether strace is there."""
    return shutil.which("strace") is not None


def _bait(root: pathlib.Path) -> None:
    for device in (root / "sys" / "bus" / "pci" / "devices").iterdir():
        for name in _BAIT:
            path = device.resolve() / name
            if not path.exists():
                path.write_text("1\n")
    for name in ("dev/vfio/vfio", "dev/vfio/1", "dev/vfio/devices/vfio0"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def check(
    tree: pathlib.Path, folder: pathlib.Path
) -> tuple[int, list[str]]:
    """Scan a copy of the tree that has what must not be touched.

    :returns: how many files of the tree were opened; and what was wrong
    """
    root = folder.resolve() / "traced"
    shutil.copytree(tree, root, symlinks=True)
    _bait(root)
    log = folder / "strace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-s", "4096", "-o", str(log), "-e",
         f"trace=open,openat,openat2,creat,{_CHANGES}", sys.executable,
         "-P", "-B", "-c", _SCAN, str(root)],
        env={**os.environ, "PYTHONPATH": str(places.REPO)},
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise errors.LabError(f"a scan under strace: {done.stderr}")
    return _judge(log, root)


_SCAN = """
import sys
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import scan
from nova_vfio_compat.host import tree
host = tree.HostTree(sys.argv[1])
# stevedore keeps a list of the entry points in the user's cache.
loader.load()
sys.stdout.flush()
open("/dev/null").close()
found = scan.scan(host)
open("/dev/null").close()
assert found.devices
"""


def _judge(log: pathlib.Path, root: pathlib.Path) -> tuple[int, list[str]]:
    """Look at what lies between the two opens of /dev/null."""
    parts = log.read_text().split('"/dev/null"')
    if len(parts) != 3:
        return 0, ["strace: the scan cannot be found"]
    opened, wrong = 0, []
    for line in parts[1].splitlines()[1:]:
        call = _CALL.search(line)
        if call is None:
            if re.search(r"\b(ioctl)\(", line) and "ENOTTY" in line:
                # Python asks of every text file whether it is a terminal.
                continue
            if re.match(r"\d+ +[a-z0-9]+\(", line) and "open" not in line:
                wrong.append(f"strace: {line}")
            continue
        path, flags = call[2], call[3]
        if re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", flags):
            wrong.append(f"strace: writes {path} ({flags})")
        if not path.startswith(str(root)):
            continue
        opened += 1
        name = path.rpartition("/")[2]
        if name in _BAIT or "/dev/" in path.removeprefix(str(root)):
            wrong.append(f"strace: opens {path}")
    if not opened:
        wrong.append("strace: the scan opened nothing")
    return opened, wrong
