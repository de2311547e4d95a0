# SPDX-License-Identifier: Apache-2.0
"""The laboratory: prepares, boots, compares, prints, and exits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import dataclasses
import json
import pathlib
import shutil
import sys
import tempfile
import time

from kernel_lab import build
from kernel_lab import campaign
from kernel_lab import checks
from kernel_lab import errors
from kernel_lab import hosts
from kernel_lab import inner
from kernel_lab import long_form
from kernel_lab import output
from kernel_lab import own_kernel
from kernel_lab import packages
from kernel_lab import places
from kernel_lab import programs
from kernel_lab import recording

_CANNOT_RUN = 3


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/kernel-lab",
        description="Boots real kernels in virtual machines, lets them save"
        " and load the state of VFIO devices, and holds their verdicts"
        " against those of this package.",
        epilog="Exit status: 0 if the package never said yes where a kernel"
        " said no, and everything else was as expected; 1 if not; 2 for"
        " wrong usage; 3 if the machine lacks something.")
    parser.add_argument(
        "--lie", action="store_true",
        help="boot only the host that publishes more than it loads, as a"
        " destination; the laboratory has to fail")
    parser.add_argument(
        "--qemu", action="store_true",
        help="also migrate guests with QEMU, inside a virtual machine; some"
        " minutes more")
    parser.add_argument(
        "--long", action="store_true",
        help="only the long form: a kernel of our own, with IOMMUFD, and"
        " QEMU's migrations as they are by default; some ten minutes the"
        " first time")
    parser.add_argument(
        "--keep", metavar="DIR", type=pathlib.Path,
        help="keep what came out of the virtual machines: trees, streams,"
        " verdicts, consoles, and every pair as pairs.json")
    parser.add_argument(
        "--record", metavar="DIR", type=pathlib.Path,
        help="write the test data of tests/kernel/recorded there")
    parser.add_argument(
        "--prepare", action="store_true",
        help="fetch and build, and boot nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the laboratory; return the exit status."""
    arguments = _arguments(argv)
    if arguments.keep is not None and arguments.keep.exists():
        print(f"tools/kernel-lab: {arguments.keep} exists", file=sys.stderr)
        return 2
    folder = arguments.keep or pathlib.Path(
        tempfile.mkdtemp(prefix="kernel-lab-"))
    try:
        return _run(arguments, folder)
    except errors.CannotRun as error:
        print(error, file=sys.stderr)
        return _CANNOT_RUN
    except errors.LabError as error:
        print(f"tools/kernel-lab: {error}", file=sys.stderr)
        return 1
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _run(arguments: argparse.Namespace, folder: pathlib.Path) -> int:
    start = time.monotonic()
    programs.check()
    cache = places.Cache()
    release = packages.prepare(cache)
    built = build.prepare(cache, build.debian(cache, release))
    print(f"kernel {release}, {cache.top}")
    own = own_kernel.prepare(cache) if arguments.long else None
    if arguments.prepare:
        return 0
    lab = campaign.Campaign(
        cache, built, folder, lambda text: print(text, flush=True))
    if own is not None:
        lab = dataclasses.replace(lab, built=build.prepare(cache, own))
        return _end(start, long_form.run(lab, own))
    result = checks.run(lab, liar_only=arguments.lie)
    if arguments.qemu:
        result.failures += inner.report(
            lab, inner.run(lab, hosts.QEMU, hosts.MIGRATIONS)[1])
    if arguments.keep is not None:
        (folder / "pairs.json").write_text(
            json.dumps(output.data(result.pairs), indent=1) + "\n")
    if arguments.record is not None:
        recording.write(
            result.saved, result.pairs, release, arguments.record)
    return _end(start, result.failures)


def _end(start: float, failures: Sequence[str]) -> int:
    """Print how long it took and how it went; return the exit status."""
    print(f"\n{time.monotonic() - start:.0f} s")
    for failure in failures:
        print(f"tools/kernel-lab: FAILED: {failure}")
    if not failures:
        print("tools/kernel-lab: all is well")
    return 1 if failures else 0
