# SPDX-License-Identifier: Apache-2.0
"""The command: exit status 0 if nothing has changed, 1 if something has."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import pathlib
import sys

from kernel_rules import catalogue
from kernel_rules import compare

_EPILOG = """\
Exit status: 0 nothing has changed, 1 something has (a rule may have to),
2 the command was used in a wrong way. After the rules were looked at, let
--record take the kernel's text for what is expected from now on.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; argparse ends wrong usage with status 2."""
    parser = argparse.ArgumentParser(
        prog="check-kernel-rules", epilog=_EPILOG,
        description="Say which of the checks in the Linux kernel that the "
        "rules of nova-vfio-compat cite are not what they were.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "tree", type=pathlib.Path, help="a kernel's source tree")
    parser.add_argument(
        "--cited", type=pathlib.Path, default=catalogue.PLACE,
        help="the list of what is cited (default: %(default)s)")
    parser.add_argument(
        "--record", action="store_true",
        help="write this kernel's digests to the list")
    parser.add_argument(
        "-v", "--verbose", action="store_true",
        help="name what is the same as well")
    options = parser.parse_args(arguments)
    kernel = compare.Kernel(options.tree)
    release = kernel.release
    if release is None:
        parser.error(f"{options.tree} is no source tree of Linux")
    try:
        known = catalogue.load(options.cited)
        if options.record:
            known = compare.recorded(kernel, known, release)
            options.cited.write_text(catalogue.dump(known))
    except (catalogue.CatalogueError, OSError) as error:
        parser.error(str(error))
    return _report(kernel, known, release, options.verbose)


def _report(kernel: compare.Kernel, known: catalogue.Catalogue,
            release: str, verbose: bool) -> int:
    other = same = 0
    for finding in compare.findings(kernel, known):
        if finding.fate is compare.Fate.SAME:
            same += 1
            if verbose:
                print(finding.line)
        else:
            other += 1
            print(finding.line)
    print(
        f"Linux {release}: of {same + other} cited parts {same} are as in "
        f"Linux {known.release}, {other} are not", file=sys.stderr)
    return 1 if other else 0
