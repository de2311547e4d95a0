# SPDX-License-Identifier: Apache-2.0
"""Attributes and templates of the proposals, by enumeration."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
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
        value = value.lower().replace(":", "")
        return value[2:] if value.startswith("0x") else value
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


def expansions(raw: Mapping[str, bytes]) -> list[dict[str, str | None]]:
    """Every set of values that one alternative stands for.

    None as a value is a division without an integer result.
    """
    texts = named(raw)
    variables: dict[str, list[str]] = {}
    for text in texts.values():
        for name, values in _declarations(text):
            if variables.setdefault(name, values) != values:
                raise Bad(text)
    for text in texts.values():
        _check_uses(text, variables)
    found: list[dict[str, str | None]] = []
    for chosen in itertools.product(*variables.values()):
        assignment = dict(zip(variables, chosen, strict=True))
        one = {}
        for name, text in texts.items():
            value = _substituted(text, assignment)
            one[name] = None if value is None else spelling(name, value)
        if one not in found:
            found.append(one)
    return found


def literal_names(raw: Mapping[str, bytes]) -> set[str]:
    """The attributes whose template has no braces."""
    return {name for name, text in named(raw).items() if "{" not in text}


def _declarations(text: str) -> Iterator[tuple[str, list[str]]]:
    rest = _BRACES.sub("", text)
    if "{" in rest or "}" in rest:
        raise Bad(text)
    for inside, _ in _BRACES.findall(text):
        declared = _DECLARED.fullmatch(inside)
        if declared is not None:
            name, kind, values = declared.groups()
            yield name, _values(kind, values)
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


def _check_uses(text: str, variables: Mapping[str, list[str]]) -> None:
    for inside, divided in _BRACES.findall(text):
        if ":" in inside:
            continue
        if inside not in variables:
            raise Bad(text)
        if divided and (int(divided[1:]) == 0 or not all(
                re.fullmatch("-?[0-9]+", value)
                for value in variables[inside])):
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
