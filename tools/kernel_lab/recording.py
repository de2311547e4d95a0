# SPDX-License-Identifier: Apache-2.0
"""Turn what the boots wrote into test data."""

from __future__ import annotations

from collections.abc import Iterable
import pathlib

from kernel_lab import hosts
from kernel_lab import matrix
from kernel_lab import verdicts
from tests.kernel import snapshot


def write(
    boots: Iterable[verdicts.Saved], pairs: Iterable[matrix.Pair],
    release: str, folder: pathlib.Path,
) -> None:
    """Write a tree for each host, and every verdict of their kernels."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for boot in boots:
        snapshot.dump(snapshot.take(boot.tree), folder / f"{boot.host}.json")
        paths[boot.host] = boot.devices
    known = {
        f"{host}/{name}" for host, devices in paths.items()
        for name in devices}
    found: dict[str, dict[str, str]] = {}
    for pair in pairs:
        # What is made when it is needed is not in the tree.
        if pair.destination in known:
            found.setdefault(pair.source, {})[pair.destination] = (
                pair.kernel.text)
    snapshot.dump({
        "kernel": release,
        "hosts": {host.name: host.about for host in hosts.ALL},
        "devices": paths,
        "loads": {
            source: sorted(
                name for name, text in row.items() if text == "yes")
            for source, row in found.items()},
        "pairs": sum(len(row) for row in found.values()),
    }, folder / "verdicts.json")
