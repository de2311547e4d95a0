# SPDX-License-Identifier: Apache-2.0

"""What a reporter costs a host on which nothing happens.

::

    python benchmarks/idle.py [--vfs N] [--seconds N]

A reporter runs against a real Placement, on a tree of a host with VFs, and
beside it a bare Python that has imported the same libraries and waits. Both
are asked for their resident memory. An hour is not waited for: the reporter
looks at the host every second instead of every 300, its CPU time per look is
measured, and an hour of the default interval has twelve of them.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from tests import trees  # noqa: E402
from tests.functional import placement_server  # noqa: E402

NODE = "00000000-0000-4000-8000-000000000001"
INTERVAL = 300
BARE = """
import oslo_config.cfg, oslo_log.log, keystoneauth1.loading, requests
import stevedore, yaml, pyudev, signal
keystoneauth1.loading.get_plugin_loader("admin_token")
print("ready", flush=True)
signal.pause()
"""


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scans(metrics: pathlib.Path) -> int:
    """How often the reporter has looked."""
    for line in metrics.read_text().splitlines():
        if line.startswith("nova_vfio_compat_reporter_scans_total "):
            return int(float(line.split()[1]))
    raise LookupError(metrics)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vfs", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    server = placement_server.PlacementServer()
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(server, pathlib.Path(folder), args.vfs, args.seconds)
    finally:
        server.stop()


def measure(
    server: placement_server.PlacementServer,
    folder: pathlib.Path,
    vfs: int,
    seconds: int,
) -> None:
    """Run the two beside each other."""
    server.create_provider("idle", NODE)
    trees.HostBuilder(folder / "host").kernel().mlx5_pf(
        "0000:81:00.0", vfs=vfs, vf_driver="mlx5_vfio_pci"
    )
    metrics = folder / "idle.prom"
    conf = folder / "nova.conf"
    conf.write_text(f"""
[pci]
device_spec = {{"vendor_id": "15b3"}}
[placement]
auth_type = admin_token
endpoint = {server.url}
token = {placement_server.TOKEN}
[vfio_compat]
compute_node = idle
scan_interval = 1
metrics_file = {metrics}
""")
    bare = subprocess.Popen(
        [sys.executable, "-c", BARE], stdout=subprocess.PIPE
    )
    reporter = subprocess.Popen(
        [
            sys.executable, "-m", "nova_vfio_compat.reporter.main",
            "--config-file", str(conf), "--root", str(folder / "host"),
        ],
        stdout=subprocess.DEVNULL,
        cwd=HOME,
    )
    try:
        assert bare.stdout is not None
        bare.stdout.readline()
        while not metrics.exists() or scans(metrics) < 3:
            time.sleep(0.1)
        first, before = scans(metrics), cpu(reporter.pid)
        early = memory(reporter.pid)
        time.sleep(seconds)
        looks, used = scans(metrics) - first, cpu(reporter.pid) - before
        late = memory(reporter.pid)
        base = memory(bare.pid)
    finally:
        for process in (reporter, bare):
            process.kill()
            process.wait()
        assert bare.stdout is not None
        bare.stdout.close()
    each = used / looks
    print(f"host with {vfs} VFs, {looks} looks in {seconds} s")
    print(f"{'':24}{'bare Python':>14}{'reporter':>14}{'ratio':>8}")
    print(
        f"{'resident MiB':24}{base:14.1f}{late:14.1f}{late / base:8.2f}"
    )
    print(f"{'grown since third look':24}{'':14}{late - early:14.1f}")
    print(f"{'CPU ms a look':24}{0:14.1f}{each * 1000:14.1f}")
    print(
        f"{'CPU s an hour':24}{0:14.2f}{each * 3600 / INTERVAL:14.2f}"
        f"        (extrapolated: {3600 // INTERVAL} looks)"
    )


if __name__ == "__main__":
    main()
