# SPDX-License-Identifier: Apache-2.0

"""What verdicts, encoding and decoding cost, next to dicts and to JSON.

In one run::

    python benchmarks/language.py [--json]

A verdict is compared with asking whether two dicts are equal: the state and
the exposed layer of one ConnectX VF and of another like it. Encoding and
decoding are compared with ``json.dumps`` and ``json.loads`` of the same data.
Times are CPU time, the best of several rounds in which all take turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import dataclasses
import json
import pathlib
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from nova_vfio_compat.compat import acceptance  # noqa: E402
from nova_vfio_compat.compat import device_class  # noqa: E402
from nova_vfio_compat.placement import codec  # noqa: E402
from nova_vfio_compat.placement import report as report_  # noqa: E402
from tests.unit.compat import examples  # noqa: E402
from tests.unit.compat import test_hostile  # noqa: E402

GOLDEN = HOME / "tests" / "golden"
ROUNDS = 9
#: seconds of CPU that a measurement takes, or one call if that is longer
SHARE = 0.02
PAIRS = 10_000


def golden() -> list[device_class.DeviceClass]:
    """Every class of every family that the tests know."""
    return [
        device_class.from_document(item["class"])
        for path in sorted(GOLDEN.glob("*.json"))
        for item in json.loads(path.read_text(encoding="ascii"))
        if "class" in item
    ]


def again(one: device_class.DeviceClass) -> device_class.DeviceClass:
    """The same class as another host publishes it: nothing is shared."""
    return device_class.from_document(json.loads(one.canonical()))


def verdicts(
    classes: list[device_class.DeviceClass],
) -> dict[str, Callable[[], object]]:
    """The verdicts that are measured, by what they are about."""
    nic = next(c for c in classes if c.family == "mlx5" and c.accepts)
    state = {**(nic.state or {}), "firmware": "28.44.1036"}
    newer = dataclasses.replace(nic, state=state, accepts=(state,))
    smaller = dataclasses.replace(nic, exposed={**nic.exposed, "msix": "8"})
    qats = [
        one for one in classes
        if one.family == "qat" and one.accepts != (one.state,) and one.state
    ]
    pairs = {
        "the same class": (nic, again(nic)),
        "other firmware": (nic, newer),
        "other registers": (nic, smaller),
        "a set of features": (qats[0], qats[1]),
        "two blocks, variables": (examples.UUID2, examples.UUID1),
    }
    lab = test_hostile.HostileTest("test_work_is_bounded")
    for name in ("any between letters", "bindings multiply",
                 "many short ones"):
        pairs[f"hostile: {name}"] = lab._pair(name)
    return {
        name: lambda pair=pair: acceptance.judge(*pair)  # type: ignore[misc]
        for name, pair in pairs.items()
    }


def took(call: Callable[[], object], count: int) -> float:
    """Seconds of CPU for one call."""
    begin = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - begin) / count


def best(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least that each took, in seconds; they take turns."""
    counts = {}
    for name, call in calls.items():
        count = 1
        while took(call, count) * count < SHARE / 4:
            count *= 4
        counts[name] = count
    found = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            found[name] = min(found[name], took(call, counts[name]))
    return found


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line each")
    args = parser.parse_args()
    classes = golden()
    one = next(c for c in classes if c.family == "mlx5" and c.accepts)
    ours = (dict(one.state or {}), dict(one.exposed))
    other = json.loads(one.canonical())
    theirs = (other["state"], other["exposed"])
    square = classes[:100]
    many = PAIRS // len(square) ** 2 or 1
    host = report_.Report(
        classes={item.id: item for item in classes[:8]},
        devices={
            f"PCI_0000_81_{n >> 3:02X}_{n & 7}": frozenset((item.id,))
            for n, item in enumerate(classes[:8] * 8)
        },
    )
    plain = {
        "classes": {
            item.id: json.loads(item.canonical()) for item in classes[:8]
        },
        "devices": {name: sorted(ids) for name, ids in host.devices.items()},
    }
    text, names = json.dumps(plain), codec.encode(host)
    found = best({
        "dicts": lambda: ours == theirs,
        **verdicts(classes),
        f"{PAIRS} pairs": lambda: [
            acceptance.judge(source, destination)
            for _ in range(many)
            for source in square for destination in square
        ],
        "json.dumps": lambda: json.dumps(plain),
        "json.loads": lambda: json.loads(text),
        "encode a report": lambda: codec.encode(host),
        "decode a report": lambda: codec.decode(names),
    })
    unit = {
        "encode a report": "json.dumps", "decode a report": "json.loads",
    }
    if not args.json:
        print(f"{'':32}{'microseconds':>14}{'per second':>12}"
              f"{'ratio':>10}  to")
    for name, seconds in found.items():
        to = unit.get(name, "dicts")
        ratio = seconds / found[to]
        if args.json:
            print(json.dumps({
                "name": name, "us": seconds * 1e6, "ratio": ratio, "to": to,
            }))
        else:
            print(f"{name:32}{seconds * 1e6:14.2f}{1 / seconds:12.0f}"
                  f"{ratio:10.1f}  {to}")


if __name__ == "__main__":
    main()
