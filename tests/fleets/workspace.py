# SPDX-License-Identifier: Apache-2.0
"""Where random trees live, and how a failure can be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import random
import shutil
import sys
import tempfile

SEED_VARIABLE = "NOVA_VFIO_COMPAT_SEED"


@contextlib.contextmanager
def random_trees() -> Iterator[tuple[int, pathlib.Path]]:
    """Yield a seed and a folder that stays if the body fails.

    The seed is a new one every time unless the environment gives it, and
    is printed, so that a failure can be had again.
    """
    seed = int(os.environ.get(SEED_VARIABLE, random.randrange(1 << 32)))
    # Not in the default place: Nova's tests empty theirs at the end.
    root = pathlib.Path(tempfile.mkdtemp(
        prefix="vfio-compat-trees-", dir=os.environ.get("TMPDIR", "/tmp")))
    print("random trees: %s=%d" % (SEED_VARIABLE, seed), file=sys.stderr)
    try:
        yield seed, root
    except BaseException:
        print("the trees of %s=%d are kept in %s" % (
            SEED_VARIABLE, seed, root), file=sys.stderr)
        raise
    shutil.rmtree(root)
