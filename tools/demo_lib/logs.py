# SPDX-License-Identifier: Apache-2.0
"""Where the log lines and warnings of Nova and its libraries go."""

from __future__ import annotations

import logging
import pathlib


def to_file(path: pathlib.Path) -> None:
    """Send everything to a file: a scheduler's terminal is not read."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s"
    ))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name in ("nova", "nova_vfio_compat"):
        logging.getLogger(name).setLevel(logging.DEBUG)
