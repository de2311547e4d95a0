#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Let Nova's functional tests run from Nova's installed wheel.

Run it with the Python of the virtual environment that Nova is in; a second
run changes nothing. Nova's ConfFixture looks for
``<folder above the nova package>/etc/nova/api-paste.ini``, which is right in
a source tree; the wheel puts that folder at the root of the environment.
"""

from __future__ import annotations

import pathlib
import sys
import sysconfig


def main() -> int:
    """Make the link; 0 if it is there, 1 with a sentence if it cannot be."""
    site = pathlib.Path(sysconfig.get_path("purelib"))
    wanted = pathlib.Path(sys.prefix) / "etc"
    link = site / "etc"
    if sys.prefix == sys.base_prefix:
        print(
            f"{sys.executable} is not in a virtual environment; nothing "
            "was linked",
            file=sys.stderr,
        )
        return 1
    if not (wanted / "nova" / "api-paste.ini").is_file():
        print(
            f"{wanted} has no nova/api-paste.ini; install nova in "
            f"{sys.prefix} first",
            file=sys.stderr,
        )
        return 1
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        print(f"{link} is in the way; move it away", file=sys.stderr)
        return 1
    link.symlink_to(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
