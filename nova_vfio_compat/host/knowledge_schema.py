# SPDX-License-Identifier: Apache-2.0

"""What an entry of ``/etc/nova/vfio-compat.d/*.yaml`` looks like.

A JSON schema. Scalars are texts as they are written, whatever YAML would
make of them: ``on`` is ``on`` and ``1.10`` is ``1.10``. The description of
each part tells an operator what belongs there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge_yaml

Path = knowledge_yaml.Path

#: how much of a wrong value is shown
_SHOWN = 60

_PATTERN = {
    "type": "string",
    "pattern": r"\A[!-~]([ -~]{0,126}[!-~])?\Z",
    "description": (
        "give a pattern in printable ASCII, with *, ? and [] as in a shell"
    ),
}
_ID = {
    "type": "string",
    "pattern": r"\A(0x)?[0-9A-Fa-f]{4}\Z",
    "description": "give four hexadecimal digits, such as 15b3",
}
_NAME = {
    "pattern": r"\A[a-z0-9][a-z0-9_.-]{0,63}\Z",
    "description": (
        "an attribute's name has lower case letters, digits, '_', '.' and "
        "'-'"
    ),
}
_VALUE = {
    "type": "string",
    "pattern": r"\A[!-z|~]([ -z|~]{0,1022}[!-z|~])?\Z",
    "description": (
        "give a value in printable ASCII, without braces and without "
        "blanks around it"
    ),
}
_TEMPLATE = {
    "type": "string",
    "pattern": r"\A[ -~]{0,4096}\Z",
    "description": "give a template in printable ASCII",
}
_WORD = {
    "type": "string",
    "pattern": r"\A[a-z0-9][a-z0-9_.:-]{0,63}\Z",
    "description": "give names as they are listed as unverified",
}

ENTRY: dict[str, Any] = {
    "type": "object",
    "description": "an entry has a match, and what is known of it",
    "properties": {
        "match": {
            "type": "object",
            "description": "say which devices are meant",
            "properties": {
                "driver": _PATTERN,
                "type": _PATTERN,
                "address": _PATTERN,
                "vendor": _ID,
                "device": _ID,
                "family": _PATTERN,
            },
            "minProperties": 1,
            "additionalProperties": False,
        },
        "state": {
            "type": "object",
            "description": "give attributes with their values",
            "propertyNames": _NAME,
            "additionalProperties": _VALUE,
            "minProperties": 1,
        },
        "accepts": {
            "type": "object",
            "description": "give attributes of state with templates",
            "propertyNames": _NAME,
            "additionalProperties": _TEMPLATE,
            "minProperties": 1,
        },
        "dirty_tracking": {
            "enum": ["true"],
            "description": "write true, or leave it out",
        },
        "verified": {
            "type": "array",
            "description": "give a list of names",
            "items": _WORD,
            "minItems": 1,
            "maxItems": 64,
        },
        "comment": {"type": "string", "description": "give a text"},
    },
    "required": ["match"],
    "additionalProperties": False,
    "anyOf": [
        {"required": ["state"]},
        {"required": ["dirty_tracking"]},
        {"required": ["verified"]},
    ],
    "dependentRequired": {"accepts": ["state"]},
}

DOCUMENT: dict[str, Any] = {
    "type": "object",
    "description": "a file is a mapping with one key, devices",
    "properties": {
        "devices": {
            "type": "array",
            "description": "give a list of entries, each starting with '-'",
            "maxItems": 1024,
        },
    },
    "required": ["devices"],
    "additionalProperties": False,
}

_TYPES = {"object": "a mapping", "array": "a list", "string": "a text"}
_ENTRY = jsonschema.Draft202012Validator(ENTRY)
_DOCUMENT = jsonschema.Draft202012Validator(DOCUMENT)


def document_faults(document: object) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a file as a whole: where, and in words."""
    return _faults(_DOCUMENT, document)


def entry_faults(entry: object) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with one entry: where in it, and in words."""
    return _faults(_ENTRY, entry)


def _faults(
    validator: Any, instance: object
) -> Iterator[tuple[Path, str]]:
    for error in validator.iter_errors(instance):
        path: Path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = sorted(error.schema["properties"])
            for name in error.instance:
                if name not in known:
                    yield (*path, name), (
                        f"{_show(name)} means nothing here; known are "
                        f"{', '.join(known)}"
                    )
        elif "propertyNames" in error.absolute_schema_path:
            name = str(error.instance)
            yield (*path, name), (
                f"{_show(name)} is no name: {error.schema['description']}"
            )
        else:
            names = [item for item in path if isinstance(item, str)]
            about = f"{errors.printable(names[-1])}: " if names else ""
            yield path, about + _words(error)


def _words(error: Any) -> str:
    """One error in words, with what to do."""
    advice = str(error.schema.get("description", ""))
    match error.validator:
        case "type":
            expected = _TYPES[error.validator_value]
            found = _show(error.instance)
            return f"expected {expected}, found {found}: {advice}"
        case "required":
            (name,) = (
                one for one in error.validator_value
                if one not in error.instance
            )
            return f"{name} is missing: {advice}"
        case "anyOf":
            return (
                "nothing is said of the devices: add state, dirty_tracking "
                "or verified"
            )
        case "dependentRequired":
            return "accepts is for attributes of state, and there are none"
        case "minProperties" | "minItems":
            return f"is empty: {advice}"
        case "maxItems":
            return f"has more than {error.validator_value} items"
        case _:
            return f"{_show(error.instance)} is not right: {advice}"


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return _TYPES["object" if isinstance(value, dict) else "array"]
    text = str(value)
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}..."
    return f"'{errors.printable(text)}'"
