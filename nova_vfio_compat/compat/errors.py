# SPDX-License-Identifier: Apache-2.0

"""The one exception that bad input raises."""

from __future__ import annotations

# A longer text is shown only around the place, so that a hostile file
# cannot flood a log.
_WINDOW = 60


class ParseError(ValueError):
    """Text that cannot be read, and the place in it.

    ``str()`` is the message, the text around the place and a caret under
    it, on lines of their own::

        unknown variable type 'float'
            i915-GVTg_V5_{n:float:1}
                            ^
    """

    def __init__(
        self, message: str, text: str = "", position: int = 0
    ) -> None:
        super().__init__(message, text, position)
        self.message = message
        self.text = text
        self.position = position

    def __str__(self) -> str:
        if not self.text:
            return self.message
        start = max(0, self.position - _WINDOW // 2)
        window = self.text[start:start + _WINDOW]
        # One character each, so that the caret stays under its place.
        shown = "".join(c if c.isprintable() else "?" for c in window)
        caret = " " * (self.position - start) + "^"
        return f"{self.message}\n    {shown}\n    {caret}"

    def one_line(self) -> str:
        """The same in one line, for logs and table cells."""
        if not self.text:
            return self.message
        return f"{self.message} (at character {self.position + 1})"
