# SPDX-License-Identifier: Apache-2.0

"""Text files with several attributes, as some of the proposals have them.

One ``name=value`` a line. A file of alternatives has several blocks: each
under a line ``COMPATIBLE:`` (Yan Zhao, 29 July 2020, whose file has ``SELF:``
as well), or with an empty line between them, where the mails that have no
such lines leave it open how to tell blocks apart (19 August 2020). Decided
where they leave it open: no comments; a value in double quotes is what they
enclose; a name is given once in a block; white space around names and values
has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

from nova_vfio_compat.compat import errors

#: characters that such a file may have
MAX_LENGTH = 65536

SELF = "SELF:"
COMPATIBLE = "COMPATIBLE:"

Block = dict[str, str]


def blocks(text: str) -> list[tuple[str, Block]]:
    """Take such a file apart.

    :returns: the blocks in their order, each with the line that it stands
        under; the empty text if there is none
    :raises ParseError: a line is none of these
    """
    found: list[tuple[str, Block]] = []
    block: Block | None = None
    for line, stripped in _lines(text):
        if stripped in (SELF, COMPATIBLE):
            block = {}
            found.append((stripped, block))
        elif not stripped:
            block = None
        elif block is None and found and found[-1][0]:
            raise errors.ParseError(
                f"expected {COMPATIBLE} before a block, as above", line
            )
        else:
            if block is None:
                block = {}
                found.append(("", block))
            name, value = _attribute(line)
            if name in block:
                raise errors.ParseError(
                    f"{name} is given twice in one block",
                    line,
                    line.index(name),
                )
            block[name] = value
    for header, items in found:
        if not items:
            raise errors.ParseError(f"nothing stands under {header}", header)
    if len({bool(header) for header, _ in found}) > 1:
        raise errors.ParseError(
            f"a block before the first {COMPATIBLE}", text.split("\n")[0]
        )
    return found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        yield line, line.strip()


def _attribute(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        raise errors.ParseError("expected name=value", line)
    if value.startswith('"'):
        if len(value) < 2 or value.find('"', 1) != len(value) - 1:
            raise errors.ParseError(
                "expected one text in double quotes",
                line,
                line.index("=") + 1,
            )
        value = value[1:-1]
    return name, value
