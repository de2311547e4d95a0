# SPDX-License-Identifier: Apache-2.0

"""What the filter adds to a scheduling decision.

A real Placement under uwsgi over HTTP, with uwsgi's default buffer; Nova's
own ``SchedulerManager`` with its databases (SQLite) and compute nodes as
Nova writes them, in this process, without a message queue::

    python benchmarks/decision.py [--full] [--hosts N ...] [--json]

The whole of a decision is ``SchedulerManager.select_destinations``: from the
conductor's request to the claim in Placement. It reads the allocation
candidates and the compute nodes, makes the HostStates, runs Nova's default
filters, PciPassthroughFilter and ours, weighs, and claims. The first
decision of a scheduler is shown by itself (cold), then the median of the
next ones (warm); each moves another instance off the same host.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import Any

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from benchmarks.fleet_lab import reports  # noqa: E402

#: what is measured without --full
DEFAULT = (
    reports.Shape(100),
    reports.Shape(1000),
    reports.Shape(1000, accepting=20),
    reports.Shape(1000, accepting=200),
    reports.Shape(1000, mixed=10),
    reports.Shape(1000, names=3000),
)
SIZES = (100, 1000, 5000, 10000)
WARM = 4
PASSES = ("PciPassthroughFilter", "ComputeCapabilitiesFilter")
OURS = "VfioCompatFilter"


def full() -> list[reports.Shape]:
    """Every size with every number of classes, and so on."""
    found = []
    for hosts in SIZES:
        found += [
            reports.Shape(hosts, accepting=accepting, mixed=mixed)
            for accepting in (1, 20, 200)
            for mixed in (0, 10)
        ]
        found += [
            reports.Shape(hosts, names=names) for names in (3000, 20000)
        ]
    return found


def measure(
    shape: reports.Shape, warm: int, limit: int, folder: pathlib.Path
) -> dict[str, Any]:
    """Build a fleet and decide; everything in one process of its own."""
    from benchmarks.fleet_lab import nova_side
    from benchmarks.fleet_lab import placement
    from benchmarks.fleet_lab import probe
    from benchmarks.fleet_lab import rows

    classes = list(reports.functions(shape))
    nodes = [
        rows.Node(number, len(found))
        for number, found in enumerate(classes)
    ]
    service = placement.Placement(folder)
    try:
        service.add_hosts(
            (node.name, node.uuid, node.functions) for node in nodes
        )
        before = _candidates(service, limit)
        traits = {found: reports.traits(found) for found in set(classes)}
        service.add_reports(
            (node.name, node.uuid, traits[found])
            for node, found in zip(nodes, classes, strict=True)
        )
        service.add_names(
            f"CUSTOM_VFIO1_DEV_PCI_{number:04X}_83_00_0_0"
            for number in range(shape.names)
        )
        after = _candidates(service, limit)
        nova = nova_side.Nova(folder, service.url, limit)
        nova.add(nodes)
        nova.start(nodes)
        probing = probe.Probe(nova.filters())
        decisions = []
        for number in range(1 + warm):
            spec = nova.begin(service, nodes[0], number)
            with probing.decision(service) as decision:
                decision.chosen = nova.select(spec)
            decisions.append(decision)
    finally:
        service.stop()
    return {
        "shape": dataclasses.asdict(shape),
        "limit": limit,
        "candidates": {
            "bytes": after[0],
            "unchanged": before == after,
        },
        "found": sum(one.chosen is not None for one in decisions),
        "cold": _summary(decisions[:1]),
        "warm": _summary(decisions[1:]),
    }


def _candidates(service: Any, limit: int) -> tuple[int, str]:
    """The size and hash of what Nova gets from Placement for this flavor."""
    body = service.call(
        "GET",
        "/allocation_candidates?resources=DISK_GB:1,MEMORY_MB:64,VCPU:1"
        f"&resources_A=CUSTOM_CX7_VF:1&group_policy=none&limit={limit}",
    ).content
    return len(body), hashlib.sha256(body).hexdigest()


def _summary(decisions: list[Any]) -> dict[str, Any]:
    def median(values: Any) -> float:
        return float(statistics.median(list(values)))

    return {
        "requests": max(len(one.urls) for one in decisions),
        "statements": max(one.statements for one in decisions),
        "whole_ms": median(one.whole.wall for one in decisions) * 1000,
        "ours_ms": median(
            one.filters[OURS].wall for one in decisions) * 1000,
        "share": median(one.share() for one in decisions),
        "whole_cpu_ms": median(one.whole.cpu for one in decisions) * 1000,
        "ours_cpu_ms": median(
            one.filters[OURS].cpu for one in decisions) * 1000,
        "cpu_share": median(one.cpu_share() for one in decisions),
        "placement_cpu_ms": median(
            one.placement_cpu for one in decisions) * 1000,
        "hosts": max(one.filters[OURS].hosts for one in decisions),
        "per_host_us": {
            name: median(one.per_host(name) for one in decisions)
            for name in (OURS, *PASSES)
        },
    }


_COLUMNS = (
    "hosts", "accept", "mixed%", "names", "", "requests", "SQL",
    "whole ms", "ours ms", "share", "CPU share", "us/host",
    "/PciPassthr", "/ComputeCap",
)


def _rows(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    shape = found["shape"]
    rows = []
    for name in ("cold", "warm"):
        one = found[name]
        each = one["per_host_us"]
        rows.append((
            shape["hosts"], shape["accepting"], shape["mixed"],
            shape["names"], name, one["requests"], one["statements"],
            f"{one['whole_ms']:.0f}", f"{one['ours_ms']:.0f}",
            f"{one['share']:.1%}", f"{one['cpu_share']:.1%}",
            f"{each[OURS]:.1f}",
            *(f"{each[OURS] / each[other]:.2f}" for other in PASSES),
        ))
    return rows


def main() -> None:
    """Measure each fleet in a process of its own and print two lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all sizes")
    parser.add_argument("--hosts", type=int, nargs="+", default=[])
    parser.add_argument("--accepting", type=int, nargs="+", default=[1])
    parser.add_argument("--rejecting", type=int, nargs="+", default=[1])
    parser.add_argument("--mixed", type=int, nargs="+", default=[0])
    parser.add_argument("--names", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--warm", type=int, default=WARM,
        help="further decisions; 49 is a drained host",
    )
    parser.add_argument(
        "--limit", type=int,
        help="[scheduler] max_placement_results; all hosts by default",
    )
    parser.add_argument("--json", action="store_true", help="one line each")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        _one(json.loads(args.one))
        return
    shapes = list(DEFAULT)
    if args.full:
        shapes = full()
    if args.hosts:
        shapes = [
            reports.Shape(hosts, accepting, rejecting, mixed, names)
            for hosts in args.hosts
            for accepting in args.accepting
            for rejecting in args.rejecting
            for mixed in args.mixed
            for names in args.names
        ]
    if not args.json:
        print("".join(f"{name:>12}" for name in _COLUMNS), flush=True)
    for shape in shapes:
        limit = args.limit or 2 * shape.hosts
        done = subprocess.run(
            [sys.executable, __file__, "--one", json.dumps(
                [dataclasses.asdict(shape), args.warm, limit]
            )],
            capture_output=True, text=True,
        )
        if done.returncode:
            sys.exit(done.stderr)
        text = done.stdout.splitlines()[-1]
        if args.json:
            print(text, flush=True)
            continue
        found = json.loads(text)
        for row in _rows(found):
            print("".join(f"{item:>12}" for item in row), flush=True)
        if not found["candidates"]["unchanged"]:
            print("allocation candidates CHANGED by the reports", flush=True)


def _one(arguments: list[Any]) -> None:
    shape, warm, limit = arguments
    with tempfile.TemporaryDirectory(prefix="decision-") as folder:
        found = measure(
            reports.Shape(**shape), warm, limit, pathlib.Path(folder)
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
