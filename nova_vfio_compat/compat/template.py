# SPDX-License-Identifier: Apache-2.0

"""Value templates: ``i915-GVTg_V5_{val1:int:1,2,4,8}``, ``{val1}/2``.

Source: the sysfs proposal (Yan Zhao, 29 Jul to 19 Aug 2020). Decided where
its authors left it open: braces that are not of these forms are an error
and never a literal; an integer is a plain decimal without leading zeros;
a division without an integer result matches nothing. What the variables of
each kind stand for is said in ``domains``.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import functools
import re

from nova_vfio_compat.compat import domains
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import versions

MAX_LENGTH = 4096
MAX_VALUES = 256

_BRACE = re.compile("[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_STRING = re.compile(r'"[^"]*"')
_DIVISOR = re.compile(r"/([0-9]+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Variable:
    """Where a variable is declared, and what it may stand for."""

    name: str
    kind: str
    domain: domains.Listed | domains.Open


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """Where a variable is used again, divided by ``divisor``."""

    name: str
    divisor: int | None
    position: int


Part = Literal | Variable | Reference


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: the parts in order, and the text they came from."""

    text: str
    parts: tuple[Part, ...]

    @property
    def is_literal(self) -> bool:
        return all(isinstance(part, Literal) for part in self.parts)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield position and text of each item between commas."""
    quoted = False
    begin = start
    count = 0
    for position in range(start, end + 1):
        if position < end and text[position] == '"':
            quoted = not quoted
        if position == end or (text[position] == "," and not quoted):
            item = text[begin:position]
            count += 1
            if count > MAX_VALUES:
                raise errors.ParseError(
                    f"more than {MAX_VALUES} values", text, begin
                )
            yield begin + len(item) - len(item.lstrip()), item.strip()
            begin = position + 1


def _values(
    text: str, kind: str, start: int, end: int
) -> tuple[str, ...]:
    values = []
    for position, item in _split(text, start, end):
        if kind == "int":
            if not domains.INTEGER.fullmatch(item):
                raise errors.ParseError(
                    f"expected a plain integer, found {item!r}",
                    text,
                    position,
                )
            values.append(item)
        else:
            if not _STRING.fullmatch(item):
                raise errors.ParseError(
                    "expected a string in double quotes", text, position
                )
            values.append(item[1:-1])
    return tuple(dict.fromkeys(values))


def _open(text: str, kind: str, start: int, end: int) -> domains.Open:
    """What follows the kind of a variable whose texts are not listed."""
    if kind == "min":
        number = text[start:end].strip()
        if not domains.INTEGER.fullmatch(number):
            raise errors.ParseError(
                f"expected a plain integer, found {number!r}", text, start
            )
        return domains.AtLeast(int(number))
    if kind == "set":
        items = []
        for position, item in _split(text, start, end):
            if not item or '"' in item:
                raise errors.ParseError(
                    "expected the members of a set between commas, "
                    "without quotes",
                    text,
                    position,
                )
            items.append(item)
        return domains.Subset(frozenset(items))
    ranges = []
    for position, item in _split(text, start, end):
        found = versions.parse_range(item)
        if found is None:
            raise errors.ParseError(
                f"expected a version or a range of versions, found {item!r}",
                text,
                position,
            )
        ranges.append(found)
    return domains.Versions(tuple(ranges))


def _close(text: str, start: int) -> int:
    """The position of the brace that closes the one before ``start``."""
    quoted = False
    for position in range(start, len(text)):
        if text[position] == '"':
            quoted = not quoted
        elif not quoted and text[position] == "{":
            raise errors.ParseError("a brace inside braces", text, position)
        elif not quoted and text[position] == "}":
            return position
    raise errors.ParseError("this brace is never closed", text, start - 1)


def _braces(text: str, start: int, extended: bool) -> tuple[Part, int]:
    """Read what is between braces; return it and where it ends."""
    end = _close(text, start)
    name_end = text.find(":", start, end)
    name = text[start:end if name_end < 0 else name_end].strip()
    if not _NAME.fullmatch(name):
        raise errors.ParseError(
            f"expected the name of a variable, found {name!r}", text, start
        )
    if name_end < 0:
        divisor = _DIVISOR.match(text, end + 1)
        if divisor is None:
            return Reference(name, None, start), end + 1
        if len(divisor[1]) > 9 or int(divisor[1]) == 0:
            raise errors.ParseError(
                "cannot divide by this", text, divisor.start(1)
            )
        return Reference(name, int(divisor[1]), start), divisor.end()
    kind_end = text.find(":", name_end + 1, end)
    kind = text[name_end + 1:end if kind_end < 0 else kind_end].strip()
    if extended and kind == "any" and kind_end < 0:
        return Variable(name, kind, domains.Anything()), end + 1
    if kind_end < 0 or (extended and kind == "any"):
        raise errors.ParseError(
            "expected {name:type:values}", text, start - 1
        )
    if extended and kind in domains.OPEN:
        domain = _open(text, kind, kind_end + 1, end)
        return Variable(name, kind, domain), end + 1
    if kind not in ("int", "string"):
        raise errors.ParseError(
            f"unknown variable type {kind!r}", text, name_end + 1
        )
    values = _values(text, kind, kind_end + 1, end)
    return Variable(name, kind, domains.Listed(values)), end + 1


@functools.lru_cache(maxsize=4096)
def parse(text: str, extended: bool = False) -> Template:
    """Parse a template.

    :param extended: allow ``version``, ``set``, ``min`` and ``any``
    :raises ParseError: the text is no template; it shows the place.
    """
    if len(text) > MAX_LENGTH:
        raise errors.ParseError(
            f"longer than {MAX_LENGTH} characters", text, MAX_LENGTH
        )
    parts: list[Part] = []
    position = 0
    while position < len(text):
        brace = _BRACE.search(text, position)
        if brace is None:
            parts.append(Literal(text[position:]))
            break
        if brace.start() > position:
            parts.append(Literal(text[position:brace.start()]))
        if brace.group() == "}":
            raise errors.ParseError(
                "this brace was never opened", text, brace.start()
            )
        part, position = _braces(text, brace.end(), extended)
        parts.append(part)
    return Template(text, tuple(parts))
