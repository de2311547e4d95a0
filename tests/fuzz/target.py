# SPDX-License-Identifier: Apache-2.0

"""Hands the inputs of atheris to one law, in a process of its own."""

from __future__ import annotations

import sys
import time

import atheris  # type: ignore[import-untyped,unused-ignore]

#: seconds of CPU that one input may take. Everyday ones take less than a
#: millisecond; the most that the budget of the matcher allows is some tenths
#: where every branch is being recorded.
MAX_SECONDS = 3


def main(name: str) -> None:
    """Fuzz until libFuzzer's options in sys.argv say that it is enough."""
    with atheris.instrument_imports(include=["nova_vfio_compat"]):
        from tests.fuzz import laws
    law = laws.LAWS[name]

    def one_input(data: bytes) -> None:
        begin = time.process_time()
        law(data)
        took = time.process_time() - begin
        assert took < MAX_SECONDS, f"took {took:.1f} s of CPU"

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
