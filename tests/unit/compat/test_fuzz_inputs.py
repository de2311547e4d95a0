# SPDX-License-Identifier: Apache-2.0

"""Every input that the fuzzer once found something with is tried again."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from oslotest import base

from tests.fuzz import laws
from tests.fuzz import seeds

#: calls of functions that one input may take; see test_hostile
MAX_CALLS = 1_000_000


def _calls(law: laws.Law, data: bytes) -> int:
    """How many functions a law calls for an input that it holds for."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    # Whatever watches already must go on doing so.
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        law(data)
    finally:
        sys.setprofile(before)
    return calls


class FuzzInputsTest(base.BaseTestCase):
    def test_kept_inputs(self) -> None:
        """The law of its target holds for each, with bounded work."""
        seen = set()
        for path in sorted(seeds.KEPT.iterdir()):
            if path.suffix == ".rst":
                continue
            target = path.name.partition("-")[0]
            calls = _calls(laws.LAWS[target], path.read_bytes())
            self.assertLess(calls, MAX_CALLS, path.name)
            seen.add(target)
        self.assertEqual(set(laws.LAWS), seen)

    def test_seeds(self) -> None:
        """What a fuzzer starts from is no finding."""
        for target, law in laws.LAWS.items():
            count = 0
            for data in seeds.of(target):
                law(data)
                count += 1
            self.assertGreater(count, 100, target)
