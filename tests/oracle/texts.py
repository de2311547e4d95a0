# SPDX-License-Identifier: Apache-2.0
"""Attributes and templates of the proposals, by enumeration."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools
import re

_NAMES = {
    "device_type": "device_api", "mdev_type": "type",
    "device_id": "pci_id", "pciid": "pci_id",
    "interface_version": "software_version",
    "gvt-version": "software_version"}
_IDENTITY = {"serial", "serial_number", "uuid", "remote_url", "address",
             "available_instances"}
_BRACES = re.compile(r'\{((?:"[^"]*"|[^{}"])*)\}(/[0-9]+)?')
_DECLARED = re.compile(r"(\w+):(int|string):(.*)")
# Not of the proposals: a rule or an operator may use these.
_OWN = re.compile(r"(\w+):(?:(version|set|min):(.*)|(any))")
_VERSION = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}"
_INTEGER = r"0|-?[1-9][0-9]{0,17}"


class Bad(Exception):
    """A text that no publisher of the proposals' formats would write."""


def attribute_name(name: str) -> str | None:
    """The one name of an attribute, None if it identifies one device."""
    return None if name in _IDENTITY else _NAMES.get(name, name)


def spelling(name: str, value: str) -> str:
    """The one spelling of a value without braces."""
    if name == "device_api":
        value = value.replace("_", "-")
        return "vfio-pci" if value == "pci" else value
    if name == "pci_id":
        value = value.lower().replace(":", "").strip()
        while value.startswith("0x"):
            value = value[2:].strip()
        return value
    return value


def named(raw: Mapping[str, bytes]) -> dict[str, str]:
    """Attributes under their one name, with their texts."""
    result: dict[str, str] = {}
    for given, data in raw.items():
        name = attribute_name(given)
        if name is None:
            continue
        try:
            text = data.decode("ascii").strip()
        except UnicodeDecodeError:
            raise Bad(given) from None
        if not text.isprintable() or len(text) > 1024:
            raise Bad(given)
        if result.setdefault(name, text) != text:
            raise Bad(given)
    return result


def state_of(raw: Mapping[str, bytes]) -> dict[str, str]:
    """What a device writes; an empty value is an absent one."""
    result = {}
    for name, text in named(raw).items():
        if "{" in text or "}" in text:
            raise Bad(name)
        if text:
            result[name] = spelling(name, text)
    return result


@dataclasses.dataclass(frozen=True)
class Own:
    """What a variable may be whose texts are too many to write down."""

    kind: str
    values: tuple[str, ...] = ()
    ranges: tuple[tuple[list[int], list[int]], ...] = ()

    def fits(self, text: str) -> bool:
        """Whether the variable may be this text."""
        if self.kind == "any":
            return True
        if self.kind == "set":
            return text == "" or {
                item.strip() for item in text.split(",")} <= set(self.values)
        if self.kind == "min":
            return (re.fullmatch(_INTEGER, text) is not None
                    and int(text) >= int(self.values[0]))
        return re.fullmatch(_VERSION, text) is not None and any(
            first <= _numbers(text) <= last for first, last in self.ranges)


def _own(kind: str, text: str) -> Own:
    if kind == "any":
        return Own(kind)
    items = [item.strip() for item in text.split(",")]
    pattern = {
        "set": r'[^"]+', "min": _INTEGER,
        "version": r"%s|(?=.*[0-9])(?:%s)? *- *(?:%s)?" % (
            (_VERSION,) * 3)}[kind]
    if kind == "min" and len(items) > 1 or not all(
            re.fullmatch(pattern, item) for item in items):
        raise Bad(text)
    if kind == "version":
        return Own(kind, ranges=tuple(map(_range, items)))
    return Own(kind, tuple(sorted(set(items))))


def _numbers(text: str, filler: int = 0) -> list[int]:
    numbers = [int(number) for number in text.strip().split(".")]
    return numbers + [filler] * (8 - len(numbers))


def _range(item: str) -> tuple[list[int], list[int]]:
    first, dash, last = (side.strip() for side in item.partition("-"))
    if not dash:
        return _numbers(first), _numbers(first)
    # Where one end is open, the major version is the other bound.
    bounds = (
        _numbers(first) if first else _numbers(last.split(".")[0]),
        _numbers(last) if last
        else _numbers(first.split(".")[0], filler=10 ** 9))
    if bounds[0] > bounds[1]:
        raise Bad(item)
    return bounds


Values = list[str] | Own


def expansions(raw: Mapping[str, bytes],
               written: Mapping[str, str] | None = None,
               ignored: frozenset[str] = frozenset(),
               ) -> list[dict[str, str | None]]:
    """Every set of values that one alternative stands for.

    None as a value is a division without an integer result.

    :param written: the source's state, which the variables of this
        project's own kinds take their texts from; without it there must be
        no such variables
    :param ignored: attributes whose values do not matter
    """
    texts = named(raw)
    variables: dict[str, Values] = {}
    for text in texts.values():
        for name, values in _declarations(text, written is not None):
            if variables.setdefault(name, values) != values:
                raise Bad(text)
    for text in texts.values():
        _check_uses(text, variables)
    found: list[dict[str, str | None]] = []
    lists = [values if isinstance(values, list)
             else _candidates(name, values, {
                 attribute: text for attribute, text in texts.items()
                 if attribute not in ignored}, written or {})
             for name, values in variables.items()]
    for chosen in itertools.product(*lists):
        assignment = dict(zip(variables, chosen, strict=True))
        one = {}
        for name, text in texts.items():
            value = _substituted(text, assignment)
            one[name] = None if value is None else spelling(name, value)
        if one not in found:
            found.append(one)
    return found


def _candidates(variable: str, own: Own, texts: Mapping[str, str],
                written: Mapping[str, str]) -> list[str]:
    """What the source wrote where the variable stands, and each part of it."""
    for name, text in texts.items():
        if re.fullmatch(r"\{%s:[^{}]*\}" % variable, text):
            value = written.get(name, "")
            return [value] if own.fits(value) else []
    if not any(_mentions(text, variable) for text in texts.values()):
        return [""]
    found: set[str] = set()
    for name, text in texts.items():
        if _mentions(text, variable):
            value = written.get(name, "")
            found.update(
                value[start:end] for start in range(len(value) + 1)
                for end in range(start, len(value) + 1))
    return sorted(filter(own.fits, found))


def _mentions(text: str, variable: str) -> bool:
    return re.search(r"\{%s[:}]" % variable, text) is not None


def is_unlisted(raw: Mapping[str, bytes], name: str) -> bool:
    """Whether an attribute may have values that nothing lists.

    That is so if it has a variable of this project's own kinds and the type
    does not say what it is.
    """
    texts = named(raw)
    own = {variable for text in texts.values()
           for variable, values in _declarations(text, True)
           if isinstance(values, Own)}
    return any(_mentions(texts.get(name, ""), variable)
               and not _mentions(texts.get("type", ""), variable)
               for variable in own)


def literal_names(raw: Mapping[str, bytes]) -> set[str]:
    """The attributes whose template has no braces."""
    return {name for name, text in named(raw).items() if "{" not in text}


def _declarations(text: str,
                  own: bool) -> Iterator[tuple[str, Values]]:
    rest = _BRACES.sub("", text)
    if "{" in rest or "}" in rest:
        raise Bad(text)
    for inside, _ in _BRACES.findall(text):
        declared = _DECLARED.fullmatch(inside)
        if declared is not None:
            name, kind, values = declared.groups()
            yield name, _values(kind, values)
            continue
        declared = _OWN.fullmatch(inside) if own else None
        if declared is not None:
            name, kind, values, anything = declared.groups()
            yield name, _own(kind or anything, values)
        elif not re.fullmatch(r"\w+", inside):
            raise Bad(text)


def _values(kind: str, text: str) -> list[str]:
    if kind == "int":
        items = [item.strip() for item in text.split(",")]
        if not all(re.fullmatch(r"0|-?[1-9][0-9]*", item) for item in items):
            raise Bad(text)
        return items
    if not re.fullmatch(r'\s*"[^"]*"\s*(,\s*"[^"]*"\s*)*', text):
        raise Bad(text)
    return re.findall(r'"([^"]*)"', text)


def _check_uses(text: str, variables: Mapping[str, Values]) -> None:
    for inside, divided in _BRACES.findall(text):
        if ":" in inside:
            continue
        if inside not in variables:
            raise Bad(text)
        values = variables[inside]
        if divided and (
                int(divided[1:]) == 0 or isinstance(values, Own) or not all(
                    re.fullmatch("-?[0-9]+", value) for value in values)):
            raise Bad(text)


def _substituted(text: str, assignment: Mapping[str, str]) -> str | None:
    pieces = []
    position = 0
    for match in _BRACES.finditer(text):
        pieces.append(text[position:match.start()])
        position = match.end()
        inside, divided = match.groups()
        value = assignment[inside.split(":")[0]]
        if divided is None:
            pieces.append(value)
        elif ":" in inside:
            # Only a variable that is used again is divided.
            pieces.append(value + divided)
        elif int(value) % int(divided[1:]):
            return None
        else:
            pieces.append(str(int(value) // int(divided[1:])))
    return "".join(pieces) + text[position:]
