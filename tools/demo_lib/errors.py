# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the demo."""

from __future__ import annotations

import pathlib


class DemoError(Exception):
    """One sentence for the person in front of the terminal.

    :param log: a file whose last lines say more, if there is one
    """

    def __init__(
        self, sentence: str, log: pathlib.Path | None = None
    ) -> None:
        super().__init__(sentence)
        self.log = log
