# SPDX-License-Identifier: Apache-2.0

"""What a scan of a host costs, next to merely reading the same files.

For hosts of several sizes, in one run::

    python benchmarks/scan.py [VFS...]

Half of the VFs are ConnectX, half are vGPUs of NVIDIA boards; a quarter of
either is in use. The scan and a loop that opens, reads and closes the same
files take turns; the ratio is that of their best times, so it means the
same on every machine. Peak memory is what Python has allocated at most
during a scan (tracemalloc), on top of what it had before.
"""

from __future__ import annotations

import argparse
from collections import Counter
import gc
import json
import os
import pathlib
import sys
import tempfile
import time
import tracemalloc

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from nova_vfio_compat.host import scan  # noqa: E402
from nova_vfio_compat.host import tree  # noqa: E402
from tests import trees  # noqa: E402
from tests.trees import nvidia  # noqa: E402

SIZES = (8, 64, 512, 2048)
#: at most so many VFs has a function
PER_PF = 64
ROUNDS = 7
_PAGE = 4096


def build(root: pathlib.Path, vfs: int) -> None:
    """Write a host with so many VFs below ``root``."""
    host = trees.HostBuilder(root).kernel()
    for number, count in enumerate(_shares(vfs // 2)):
        used = count // 4
        host.mlx5_pf(
            f"{number:04x}:41:00.0",
            vfs=count,
            vf_driver=["mlx5_vfio_pci"] * used
            + ["mlx5_core"] * (count - used),
        )
    for number, count in enumerate(_shares(vfs - vfs // 2)):
        nvidia.add_vfs(
            host,
            f"{number:04x}:81:00.0",
            vfs=count,
            types=dict.fromkeys(range(count // 4), 1145),
        )


def _shares(vfs: int) -> list[int]:
    whole, rest = divmod(vfs, PER_PF)
    return [PER_PF] * whole + [rest] * bool(rest)


def read_all(paths: list[str]) -> None:
    """Open and read files, and nothing more."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        while os.read(descriptor, _PAGE):
            pass
        os.close(descriptor)


def measure(root: pathlib.Path) -> tuple[dict[str, float], int]:
    """Return what a scan of the host costs, and how many devices it has."""
    opened: Counter[str] = Counter()
    found = scan.scan(
        tree.HostTree(root, opened=lambda path: opened.update((path,)))
    )
    paths = [f"{root}/{path}" for path in opened]
    scans, reads = [], []
    gc.disable()
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        read_all(paths)
        middle = time.perf_counter()
        scan.scan(tree.HostTree(root))
        end = time.perf_counter()
        reads.append(middle - begin)
        scans.append(end - middle)
        gc.collect()
    gc.enable()
    devices = sum(item.kind in ("vf", "mdev-type") for item in found.devices)
    return {
        "scan_ms": min(scans) * 1000,
        "read_ms": min(reads) * 1000,
        "ratio": min(scans) / min(reads),
        "files": len(opened),
        "per_device": len(opened) / devices,
        "twice": sum(count > 1 for count in opened.values()),
        "peak_mib": _peak(root) / 2**20,
    }, devices


def _peak(root: pathlib.Path) -> int:
    """Return the bytes that a scan has had allocated at most."""
    tracemalloc.start()
    scan.scan(tree.HostTree(root))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vfs", type=int, nargs="*", default=SIZES)
    parser.add_argument("--json", action="store_true", help="one line each")
    args = parser.parse_args()
    columns = (
        ("VFs", "devices", "files", "files/device", "opened twice",
         "scan ms", "read ms", "ratio", "peak MiB")
    )
    if not args.json:
        print("".join(f"{name:>13}" for name in columns))
    for vfs in args.vfs:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve() / "host"
            build(root, vfs)
            found, devices = measure(root)
        if args.json:
            print(json.dumps({"vfs": vfs, "devices": devices, **found}))
            continue
        print(
            f"{vfs:13}{devices:13}{found['files']:13.0f}"
            f"{found['per_device']:13.1f}{found['twice']:13.0f}"
            f"{found['scan_ms']:13.1f}{found['read_ms']:13.1f}"
            f"{found['ratio']:13.2f}{found['peak_mib']:13.1f}"
        )


if __name__ == "__main__":
    main()
