# SPDX-License-Identifier: Apache-2.0

"""nova-vfio-compat-reporter: says in Placement what this host's devices are.

A service, unless ``--once`` or ``--dry-run`` is given.

Exit codes: 0, done, or told to end; 1, it could not be done now (Placement
does not answer or refuses, no compute node yet), to be tried again; 2, to be
put right first (command line, configuration, Python).
"""

from __future__ import annotations

from collections.abc import Sequence
import sys

NEEDED_PYTHON = (3, 11)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    if tuple(sys.version_info) < NEEDED_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"nova-vfio-compat-reporter: this is Python {found} and 3.11 is "
            "needed; install the package for a later one.",
            file=sys.stderr,
        )
        return 2
    # Only now: an older Python could not even read the rest.
    from nova_vfio_compat.reporter import command

    return command.run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
