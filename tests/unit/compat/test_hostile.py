# SPDX-License-Identifier: Apache-2.0

"""Patterns that are made to take forever do not."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from oslotest import base

from nova_vfio_compat import compat
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import attributes
from tests.unit.compat import examples

Outcome = compat.Outcome
LONG = "1" * 1000

#: calls of functions that one verdict may take; an everyday one takes some
#: hundred. On a machine that makes ten million in a second: 50 ms.
MAX_CALLS = 500_000


def _twice(kind: str, count: int) -> dict[str, str]:
    """Variables that all matter in a second attribute."""
    return {
        "type": "".join(f"{{v{n}:{kind}}}" for n in range(count)),
        "vendor": "".join(f"{{v{n}}}" for n in range(count)),
    }


def _many(text: str) -> list[dict[str, str]]:
    """As many alternatives with it as a class can have."""
    return [
        {"a": str(n), "type": text}
        for n in range(7000 // (len(text) + 24))
    ]


#: name to what the source writes and what the destination accepts
PATTERNS: dict[str, tuple[dict[str, str], list[dict[str, str]]]] = {
    "bindings multiply": (
        {"type": examples.HOSTILE_TEXT}, [examples.HOSTILE]
    ),
    "overlapping numbers": (
        {"type": LONG, "vendor": LONG}, [_twice("int:1,11,111,1111", 99)]
    ),
    "empty strings": (
        {"type": LONG, "vendor": LONG}, [_twice('string:"","1","11"', 99)]
    ),
    "any": ({"type": LONG, "vendor": LONG}, [_twice("any", 99)]),
    "any, once each": (
        {"type": LONG}, [{"type": "".join(
            f"{{v{n}:any}}" for n in range(300)) + "2"}],
    ),
    "any between letters": (
        {"type": LONG}, [{"type": "1".join(
            f"{{v{n}:any}}" for n in range(300)) + "2"}],
    ),
    "sets": (
        {"type": "1," * 499 + "1"}, [_twice("set:1,11,111", 99)]
    ),
    "a set that nearly fits": (
        {"type": "1," * 499 + "2"}, [{"type": "{a:any}{s:set:1}{b:any}3"}],
    ),
    "versions": (
        {"type": "1." * 499 + "1"}, [_twice("version:1-", 99)]
    ),
    "integers": ({"type": LONG, "vendor": LONG}, [_twice("min:0", 99)]),
    "a reference before its declaration": (
        {"type": LONG}, [{"type": "{a}{a}{a}{b}{b}{a:any}{b:any}2"}],
    ),
    "division": (
        {"type": LONG}, [{
            "type": "{a}/1{a}/1{a}/11{a:int:%s}" % ",".join(
                "1" * n for n in range(1, 18)) * 1}],
    ),
    "many alternatives": ({"type": LONG}, _many("{a:any}{b:any}{c:any}2")),
    "many short ones": ({"type": "1" * 60}, _many("{a:any}{a}2")),
    "many attributes": (
        {f"a{n}": "1" for n in range(60)},
        [{f"a{n}": "{v%d:int:1,2}{v%d:int:1,2}" % (n % 9, n % 7)
          for n in range(60)}],
    ),
    "many ways to fail": (
        {f"a{n}": str(n % 2) for n in range(60)},
        [{f"a{n}": "{v%d:int:0,1}" % (n % 30) for n in range(60)}],
    ),
}


def _counted(
    source: compat.DeviceClass, destination: compat.DeviceClass
) -> tuple[compat.Verdict, int]:
    """The verdict, and how many functions were called for it."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    # Whatever watches already must go on doing so.
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        verdict = acceptance.judge(source, destination)
    finally:
        sys.setprofile(before)
    return verdict, calls


class HostileTest(base.BaseTestCase):
    def _pair(
        self, name: str, settable: tuple[str, ...] = ()
    ) -> tuple[compat.DeviceClass, compat.DeviceClass]:
        state, accepts = PATTERNS[name]
        parts: dict[str, Any] = {
            "family": "hostile", "bus": "pci",
            "evidence": compat.Evidence.OPERATOR, "settable": settable,
        }
        source = compat.DeviceClass(
            state=state,
            accepts=(state,) if not settable else tuple(accepts), **parts,
        )
        return source, compat.DeviceClass(
            state={"type": "x"},
            accepts=tuple(
                attributes.normalise_templates(items, True)
                for items in accepts
            ),
            **parts,
        )

    def test_work_is_bounded(self) -> None:
        """Each is answered with a bounded amount of work."""
        for name in PATTERNS:
            verdict, calls = _counted(*self._pair(name))
            self.assertIn(
                verdict.outcome, (Outcome.UNKNOWN, Outcome.INCOMPATIBLE),
                name,
            )
            self.assertLess(calls, MAX_CALLS, name)

    def test_work_for_settings_is_bounded(self) -> None:
        """So is finding out what could be set."""
        for name in PATTERNS:
            verdict, calls = _counted(
                *self._pair(name, ("vendor", "a", "a0"))
            )
            self.assertIsNot(Outcome.COMPATIBLE, verdict.outcome, name)
            self.assertLess(calls, MAX_CALLS, name)
