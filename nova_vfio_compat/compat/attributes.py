# SPDX-License-Identifier: Apache-2.0

"""Attributes as publishers write them, brought into one form.

The proposals' names and spellings drifted from mail to mail; everything
behind this module sees only one of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import re

from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import domains
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import template

MAX_ATTRIBUTES = 64
MAX_VALUE = 1024

#: completed from the device's own state where an alternative is silent
COMMON = ("device_api", "type", "software_version")

# Left: what the mails of 2020 said; right: the form of 19 Aug 2020.
_NAMES = {
    "device_id": "pci_id",
    "device_type": "device_api",
    "gvt-version": "software_version",
    "interface_version": "software_version",
    "mdev_type": "type",
    "pciid": "pci_id",
}

# These identify one device or change while it runs; they say nothing about
# the state that it writes.
_IDENTITY = frozenset({
    "address",
    "available_instances",
    "remote_url",
    "serial",
    "serial_number",
    "uuid",
})

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BRACES = re.compile(r'(\{(?:[^"}]|"[^"]*")*\})')
_QUOTED = re.compile(r'"([^"]*)"')
_HEX = re.compile(r"\A(?: *0x)+")
_SET = re.compile(r"(\{[^:]*:\s*set\s*:)(.*)\}")


def normalise_state(raw: Mapping[str, str]) -> dict[str, str]:
    """One form for what a device writes.

    :param raw: attribute to value, as read
    :returns: the same with one name and spelling for each, without the
        attributes that identify one device and without empty ones
    :raises ParseError: a name or a value cannot be an attribute
    """
    result: dict[str, str] = {}
    for name, value in sorted(_named(raw, MAX_VALUE).items()):
        _check_no_braces(name, value)
        value = _spelling(name, value).strip(" ")
        if value:
            result[name] = value
    return result


def normalise_templates(
    raw: Mapping[str, str], extended: bool = False
) -> dict[str, str]:
    """One form for one alternative of what a device accepts.

    :param raw: attribute to template, as read; an empty template is kept
        and means that the attribute may be absent
    :param extended: allow the kinds of variables that are this project's
        own; what a kernel declares cannot mean them
    :raises ParseError: a name cannot be an attribute or a text no template
    """
    result: dict[str, str] = {}
    for name, text in _named(raw, template.MAX_LENGTH).items():
        try:
            template.parse(text, extended)
        except errors.ParseError as error:
            raise errors.ParseError(
                f"{name}: {error.message}", error.text, error.position
            ) from None
        pieces = [piece for piece in _BRACES.split(text) if piece]
        spelled = ""
        for piece in pieces:
            spelled = (spelled + _spelling_in(
                name, piece, not spelled, len(pieces) == 1
            )).lstrip(" ")
        result[name] = spelled.rstrip(" ")
    alternative.Alternative(result, extended)
    return result


def joined_set(values: Iterable[str]) -> str:
    """A set as the value of an attribute: sorted, between commas.

    An empty set is the empty text, which is no attribute.

    :raises ParseError: a value cannot be a member of a set
    """
    members = sorted({value.strip() for value in values})
    for member in members:
        for position, character in enumerate(member or ","):
            if character in ',"{}':
                raise errors.ParseError(
                    "cannot be a member of a set", member, position
                )
    return ",".join(members)


def set_template(values: Iterable[str], name: str = "features") -> str:
    """The template that accepts every subset of these values.

    :param name: of its variable, which must differ from others in the
        same alternative
    :raises ParseError: a value cannot be a member of a set
    """
    members = joined_set(values)
    return f"{{{name}:set:{members}}}" if members else ""


def _named(raw: Mapping[str, str], longest: int) -> dict[str, str]:
    if len(raw) > MAX_ATTRIBUTES:
        raise errors.ParseError(f"more than {MAX_ATTRIBUTES} attributes")
    result: dict[str, str] = {}
    for given, value in raw.items():
        if not _NAME.fullmatch(given):
            raise errors.ParseError("not the name of an attribute", given)
        if given in _IDENTITY:
            continue
        name = _NAMES.get(given, given)
        value = value.strip(" \t\n")
        _check_value(name, value, longest)
        if result.setdefault(name, value) != value:
            raise errors.ParseError(
                f"{name} is given twice, with different values", value
            )
    return result


def _check_value(name: str, value: str, longest: int) -> None:
    if len(value) > longest:
        raise errors.ParseError(
            f"{name}: longer than {longest} characters", value, longest
        )
    if value.isascii() and value.isprintable():
        return
    raise errors.ParseError(
        f"{name}: expected printable ASCII in one line",
        value,
        next(
            position for position, character in enumerate(value)
            if not (character.isascii() and character.isprintable())
        ),
    )


def check(
    values: Mapping[str, str], templates: bool = False, extended: bool = False
) -> None:
    """Make sure of what normalising gives: names, and values or templates.

    For what did not come from there, such as a class that was published.

    :param extended: see normalise_templates
    :raises ParseError: a name or a value cannot be one
    """
    longest = template.MAX_LENGTH if templates else MAX_VALUE
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise errors.ParseError("not the name of an attribute", name)
        _check_value(name, value, longest)
        if not templates:
            _check_no_braces(name, value)
    if templates:
        alternative.parse(tuple(sorted(values.items())), extended)


def _check_no_braces(name: str, value: str) -> None:
    if "{" in value or "}" in value:
        raise errors.ParseError(
            f"{name}: a value that a device writes has no braces",
            value,
            len(re.split("[{}]", value, maxsplit=1)[0]),
        )


def _spelling_in(name: str, piece: str, first: bool, alone: bool) -> str:
    """One spelling for a literal part, or for the strings in braces."""
    if not piece.startswith("{"):
        return _spelling(name, piece, first, alone)
    members = _SET.fullmatch(piece)
    if members is not None:
        return members[1] + joined_set(
            _spelling(name, item, first, alone)
            for item in domains.split_set(members[2])
        ) + "}"
    return _QUOTED.sub(
        lambda quoted: f'"{_spelling(name, quoted[1], first, alone)}"', piece
    )


def _spelling(
    name: str, text: str, first: bool = True, alone: bool = True
) -> str:
    """One spelling for a text, which may be a part of a value.

    What has been spelled once stays as it is.

    :param first: the value starts with it
    :param alone: it is the whole value
    """
    if name == "device_api":
        text = text.replace("_", "-")
        return "vfio-pci" if alone and text == "pci" else text
    if name == "pci_id":
        text = text.lower().replace(":", "")
        return _HEX.sub("", text) if first else text
    return text
